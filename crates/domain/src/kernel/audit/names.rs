//! The names of actors: their present names, or the last names of deleted users.
//!
//! An audit row has only the id of the actor. The names of a page are read together, so that each
//! page costs one more query.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::AuditEntry;
use crate::{Result, Scope, kernel::repository::people::Name};

/// An entry of the audit log, with the name of the actor.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditLine {
    #[serde(flatten)]
    entry: AuditEntry,
    /// The username of the user, or the name of the service account. For a deleted user, the last
    /// username. Null for the system.
    #[schema(example = "ada")]
    actor_name: Option<String>,
    /// Whether that user was deleted.
    actor_removed: bool,
}

/// Names by ids.
pub(super) struct Names(HashMap<Uuid, Name>);

impl Names {
    /// Reads the names of actors.
    pub(super) async fn of(scope: &Scope, actors: impl IntoIterator<Item = Uuid>) -> Result<Self> {
        let mut ids: Vec<Uuid> = actors.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(scope.names(&ids).await?))
    }

    /// The name of an actor.
    pub(super) fn name(&self, actor: Option<Uuid>) -> Option<String> {
        actor.and_then(|id| self.0.get(&id)).map(|known| known.name.clone())
    }

    /// Whether an actor is a deleted user.
    pub(super) fn removed(&self, actor: Option<Uuid>) -> bool {
        actor.and_then(|id| self.0.get(&id)).is_some_and(|known| known.removed)
    }

    /// An audit entry with the name of its actor.
    pub(super) fn line(&self, entry: AuditEntry) -> AuditLine {
        AuditLine {
            actor_name: self.name(entry.actor_id),
            actor_removed: self.removed(entry.actor_id),
            entry,
        }
    }
}
