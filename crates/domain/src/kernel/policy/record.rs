//! The record of what a caller was authorized to do while an operation ran.
//!
//! Invariant: [`super::permit`] and [`super::judge`] write it, and so does whoever finds or adds a row; no operation calls it, and none can
//! leave it out. A stored response is replayed only to a caller who passes its record again.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Action, ResourceType, rules};

/// The right to an action: on some row of a noun, or on this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Authorization {
    pub(crate) noun: ResourceType,
    pub(crate) action: Action,
    pub(crate) row: Option<Uuid>,
}

/// What was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) authorizations: BTreeSet<Authorization>,
    /// The scopes that the caller gave to somebody, and so has to have.
    pub(crate) given: BTreeSet<String>,
    /// The credential, where the response depends on it and not only on its principal: it holds a secret, or it is about the credential's
    /// own session.
    pub(crate) credential: Option<Uuid>,
}

/// The record of one operation.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Recorded>);

impl Record {
    /// Begins anew: an operation that is tried again is recorded again.
    pub(crate) fn clear(&self) {
        *self.recorded() = Recorded::default();
    }

    /// What was recorded since.
    pub(crate) fn read(&self) -> Recorded {
        self.recorded().clone()
    }

    pub(super) fn authorized(&self, noun: ResourceType, action: Action) {
        self.recorded().authorizations.insert(Authorization { noun, action, row: None });
    }

    /// The caller had a right to this very row. One that does not depend on the row is not recorded again for each.
    pub(crate) fn authorized_on(&self, noun: ResourceType, action: Action, row: Uuid) {
        if [action, Action::Read].into_iter().any(|action| depends_on_the_row(noun, action)) {
            self.recorded().authorizations.insert(Authorization { noun, action, row: Some(row) });
        }
    }

    /// The caller gave scopes to somebody.
    pub(crate) fn gave(&self, scopes: &[String]) {
        self.recorded().given.extend(scopes.iter().cloned());
    }

    /// The response depends on the credential.
    pub(crate) fn depends_on(&self, credential: Option<Uuid>) {
        self.recorded().credential = credential;
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it takes more than a role.
fn depends_on_the_row(noun: ResourceType, action: Action) -> bool {
    let rules = rules(noun, action);
    let open_to_all = rules.iter().any(|rule| rule.role.is_none() && rule.relation.is_none());
    !open_to_all && rules.iter().any(|rule| rule.relation.is_some())
}
