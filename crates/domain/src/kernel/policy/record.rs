//! The authorisation record: what a caller was authorised to do while an operation ran. It is
//! stored with a response for an idempotency key.
//!
//! Invariant: [`super::permit`] and [`super::authorize`] write it, and so do finding and adding a
//! row. No operation writes it itself, so none can leave it out. A stored response is replayed only
//! to a caller who is still authorised to do all that its record lists.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Action, ResourceType, rules};

/// The right to an action: on some row of a resource type (`row` is `None`), or on this row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Authorization {
    pub(crate) noun: ResourceType,
    pub(crate) action: Action,
    pub(crate) row: Option<Uuid>,
}

/// The contents of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) authorizations: BTreeSet<Authorization>,
    /// The scopes that the caller passed on, and so must have.
    pub(crate) given: BTreeSet<String>,
    /// The credential, if the response depends on it and not only on its principal: it has a
    /// secret, or it is about the session of the credential.
    pub(crate) credential: Option<Uuid>,
}

/// The record of one operation.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Recorded>);

impl Record {
    /// Empties the record. An operation that is retried is recorded again.
    pub(crate) fn clear(&self) {
        *self.recorded() = Recorded::default();
    }

    /// The contents since the record was last emptied.
    pub(crate) fn read(&self) -> Recorded {
        self.recorded().clone()
    }

    pub(super) fn authorized(&self, noun: ResourceType, action: Action) {
        self.recorded().authorizations.insert(Authorization { noun, action, row: None });
    }

    /// Records a right to this row. A right that does not depend on the row is not recorded for
    /// each row.
    pub(crate) fn authorized_on(&self, noun: ResourceType, action: Action, row: Uuid) {
        if [action, Action::Read].into_iter().any(|action| depends_on_the_row(noun, action)) {
            self.recorded().authorizations.insert(Authorization { noun, action, row: Some(row) });
        }
    }

    /// Records that the caller passed on scopes.
    pub(crate) fn gave(&self, scopes: &[String]) {
        self.recorded().given.extend(scopes.iter().cloned());
    }

    /// Records that the response depends on the credential.
    pub(crate) fn depends_on(&self, credential: Option<Uuid>) {
        self.recorded().credential = credential;
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the decision depends on the relations to the row, and not only on the role.
fn depends_on_the_row(noun: ResourceType, action: Action) -> bool {
    let rules = rules(noun, action);
    let open_to_all = rules.iter().any(|rule| rule.role.is_none() && rule.relation.is_none());
    !open_to_all && rules.iter().any(|rule| rule.relation.is_some())
}
