//! Builds an entry: a constructor for the credential, and a method for each other property.

use super::{Body, Credential, Entry, Fixture, List, OtherBody, Slot, Variant};

impl Entry {
    const fn new(id: &'static str, credential: Credential) -> Self {
        Self {
            id,
            credential,
            by: |fixture| &fixture.admin,
            path: &[],
            query: &[],
            query_ids: &[],
            unknown_id: None,
            body: None,
            other_bodies: &[],
            body_ids: &[],
            cross_field: &[],
            bytes: None,
            list: None,
            changes: &[],
            by_role: false,
            variants: &[],
            ends_session: false,
            absent_at_first: false,
        }
    }

    pub(super) const fn public(id: &'static str) -> Self {
        Self::new(id, Credential::Public)
    }

    pub(super) const fn scoped(id: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(id, Credential::Scoped(scopes))
    }

    pub(super) const fn person(id: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(id, Credential::Person(scopes))
    }

    pub(super) const fn session(id: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(id, Credential::Session(scopes))
    }

    /// The history of a row.
    pub(super) const fn history(id: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::scoped(id, scopes).query_ids(&[("actor", Slot::Assignee)]).list(List::Records)
    }

    pub(super) const fn by(self, by: fn(&Fixture) -> &str) -> Self {
        Self { by, ..self }
    }

    pub(super) const fn path(self, path: &'static [Slot]) -> Self {
        Self { path, ..self }
    }

    pub(super) const fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    pub(super) const fn query_ids(self, query_ids: &'static [(&'static str, Slot)]) -> Self {
        Self { query_ids, ..self }
    }

    pub(super) const fn unknown_id(self, status: u16, code: &'static str) -> Self {
        Self { unknown_id: Some((status, code)), ..self }
    }

    pub(super) const fn body(self, body: Body, body_ids: &'static [(&'static str, Slot)]) -> Self {
        Self { body: Some(body), body_ids, ..self }
    }

    pub(super) const fn other_bodies(self, other_bodies: &'static [OtherBody]) -> Self {
        Self { other_bodies, ..self }
    }

    pub(super) const fn cross_field(self, cross_field: &'static [(&'static str, &'static str)]) -> Self {
        Self { cross_field, ..self }
    }

    pub(super) const fn bytes(self, kind: &'static str, bytes: fn(&Fixture) -> Vec<u8>) -> Self {
        Self { bytes: Some((kind, bytes)), ..self }
    }

    pub(super) const fn list(self, list: List) -> Self {
        Self { list: Some(list), ..self }
    }

    pub(super) const fn children(self, field: &'static str) -> Self {
        self.list(List::Children { field, filter: None })
    }

    pub(super) const fn filtered_children(
        self,
        field: &'static str,
        filter: &'static str,
        empty: Slot,
    ) -> Self {
        self.list(List::Children { field, filter: Some((filter, empty)) })
    }

    pub(super) const fn changes(self, changes: &'static [&'static str]) -> Self {
        Self { changes, ..self }
    }

    pub(super) const fn by_role(self) -> Self {
        Self { by_role: true, ..self }
    }

    pub(super) const fn variants(self, variants: &'static [Variant]) -> Self {
        Self { variants, ..self }
    }

    pub(super) const fn ends_session(self) -> Self {
        Self { ends_session: true, ..self }
    }

    pub(super) const fn absent_at_first(self) -> Self {
        Self { absent_at_first: true, ..self }
    }
}
