//! The table of operations: each operation is declared once, with a valid request for it on the rows
//! of a [`Fixture`] and with what the contract tests must know about it.
//!
//! Each file declares the operations of one resource, and below them the bodies of their requests.
//!
//! Invariant: the table and the OpenAPI document have the same operations ([`compare`]). A new
//! operation needs an entry, or every contract test fails.

mod access_tokens;
mod attachments;
mod build;
mod clients;
mod comments;
mod compare;
mod documents;
mod invitations;
mod labels;
mod milestones;
mod notifications;
mod overview;
mod profile;
mod projects;
mod registration;
mod reminders;
mod reports;
mod request_types;
mod requests;
mod second_factor;
mod service;
mod service_accounts;
mod sessions;
mod task_dependencies;
mod tasks;
mod teams;
mod tenant;
mod time_entries;
mod tokens;
mod users;
mod watchers;

use serde_json::{Value, json};

pub(super) use self::compare::operations;
use super::fixture::{Fixture, Slot, fresh};

/// The entries of all files.
const TABLE: &[&[Entry]] = &[
    access_tokens::ENTRIES,
    attachments::ENTRIES,
    clients::ENTRIES,
    comments::ENTRIES,
    documents::ENTRIES,
    invitations::ENTRIES,
    labels::ENTRIES,
    milestones::ENTRIES,
    notifications::ENTRIES,
    overview::ENTRIES,
    profile::ENTRIES,
    projects::ENTRIES,
    registration::ENTRIES,
    reminders::ENTRIES,
    reports::ENTRIES,
    request_types::ENTRIES,
    requests::ENTRIES,
    second_factor::ENTRIES,
    service::ENTRIES,
    service_accounts::ENTRIES,
    sessions::ENTRIES,
    task_dependencies::ENTRIES,
    tasks::ENTRIES,
    teams::ENTRIES,
    tenant::ENTRIES,
    time_entries::ENTRIES,
    tokens::ENTRIES,
    users::ENTRIES,
    watchers::ENTRIES,
];

/// All entries.
pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().copied().flatten()
}

/// The entry of an operation.
pub(super) fn entry(id: &str) -> &'static Entry {
    entries().find(|entry| entry.id == id).unwrap_or_else(|| panic!("{id} is not in the table"))
}

/// The credential that an operation requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// None.
    Public,
    /// A credential with these scopes, or an unrestricted one.
    Scoped(&'static [&'static str]),
    /// The same, but not of a service account: the operation is about the calling user.
    Person(&'static [&'static str]),
    /// The same, and only in a session: a token without a session is refused.
    Session(&'static [&'static str]),
}

impl Credential {
    /// The required scopes; `None` for a public operation.
    pub(super) const fn scopes(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Public => None,
            Self::Scoped(scopes) | Self::Person(scopes) | Self::Session(scopes) => Some(scopes),
        }
    }
}

/// The results of a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum List {
    /// Rows of which the fixture has none, so that no test can look for their parent.
    Rows,
    /// Audit entries: every request may add some.
    Records,
    /// The child rows of the row of the path.
    Children {
        /// The field with the id of the parent.
        field: &'static str,
        /// The parameter that selects the parent too, if there is one, and a parent without child
        /// rows.
        filter: Option<(&'static str, Slot)>,
    },
}

/// A JSON body on the rows of a fixture.
type Body = fn(&Fixture) -> Value;

/// The pointers of fields, and a body that accepts them.
type OtherBody = (&'static [&'static str], Body);

/// A content type and bytes of it.
type RawBody = (&'static str, fn(&Fixture) -> Vec<u8>);

/// A name, and fields of the body with the row that each names, or null.
pub(super) type Variant = (&'static str, &'static [(&'static str, Option<Slot>)]);

/// An operation.
pub(super) struct Entry {
    /// Its `operationId`.
    pub(super) id: &'static str,
    /// The required credential.
    pub(super) credential: Credential,
    /// The token of the caller in a valid request; that of the admin unless stated.
    pub(super) by: fn(&Fixture) -> &str,
    /// The rows of its path parameters.
    pub(super) path: &'static [Slot],
    /// The required parameters.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The parameters with ids of rows.
    pub(super) query_ids: &'static [(&'static str, Slot)],
    /// The status and code for an unknown id in such a parameter. `None` if it selects no rows.
    pub(super) unknown_id: Option<(u16, &'static str)>,
    /// A body with every accepted field, except for those that exclude another.
    pub(super) body: Option<Body>,
    /// Bodies that accept the fields that exclude another.
    pub(super) other_bodies: &'static [OtherBody],
    /// The fields of the body with ids of rows, as JSON pointers.
    pub(super) body_ids: &'static [(&'static str, Slot)],
    /// The errors of rules that span fields, which no schema can express: the code, and the
    /// beginning of the pointer.
    pub(super) cross_field: &'static [(&'static str, &'static str)],
    /// A content type and bytes, if it accepts bytes and no JSON.
    pub(super) bytes: Option<RawBody>,
    /// The results, if it is a list of records or the path continues after a parameter.
    pub(super) list: Option<List>,
    /// The tables in which it changes rows of the tenant, apart from the audit and events.
    pub(super) changes: &'static [&'static str],
    /// Whether the rights to it depend only on the role, whatever the body names.
    pub(super) by_role: bool,
    /// The rows on which the table of permissions tries it, if its body decides that.
    pub(super) variants: &'static [Variant],
    /// Whether it ends the session of its own credential.
    pub(super) ends_session: bool,
    /// Whether it finds nothing for a new row.
    pub(super) absent_at_first: bool,
}

impl Entry {
    /// Whether it changes anything.
    pub(super) const fn writes(&self) -> bool {
        !self.changes.is_empty()
    }
}

/// A password other than the common one.
const ANOTHER_PASSWORD: &str = "nine-quiet-lanterns";

const START: &str = "2027-01-01T00:00:00Z";
const DUE: &str = "2027-02-01T00:00:00Z";

/// The content type of files.
pub(super) const FILE: &str = "application/octet-stream";

/// A file of arbitrary bytes.
fn file(_: &Fixture) -> Vec<u8> {
    fresh().into_bytes()
}

/// A bulk request with one operation.
fn bulk(fixture: &Fixture, slot: Slot, body: &Value) -> Value {
    json!({ "operations": [{ "action": "update", "id": fixture.id(slot), "version": 1, "body": body }] })
}
