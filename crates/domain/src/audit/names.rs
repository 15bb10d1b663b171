//! The names of those who acted: as they are called now, or were when they were removed.
//!
//! A line keeps the id alone. The names of a page are looked up at once, so that a page costs one query more, however long it is.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::AuditEntry;
use crate::{Result, Scope, store::people::Name};

/// One line of the audit, with the name of who it was.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditLine {
    #[serde(flatten)]
    entry: AuditEntry,
    /// The username of the user, or the name of the service; a removed user's last one.
    #[schema(example = "ada")]
    actor_name: Option<String>,
    /// Whether that user was removed.
    actor_removed: bool,
}

/// Names by ids.
pub(super) struct Names(HashMap<Uuid, Name>);

impl Names {
    /// The names of those who acted.
    pub(super) async fn of(scope: &Scope, actors: impl IntoIterator<Item = Uuid>) -> Result<Self> {
        let mut ids: Vec<Uuid> = actors.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(scope.names(&ids).await?))
    }

    /// The name of who acted.
    pub(super) fn name(&self, actor: Option<Uuid>) -> Option<String> {
        actor.and_then(|id| self.0.get(&id)).map(|known| known.name.clone())
    }

    /// Whether who acted was removed.
    pub(super) fn removed(&self, actor: Option<Uuid>) -> bool {
        actor.and_then(|id| self.0.get(&id)).is_some_and(|known| known.removed)
    }

    /// A line with its name.
    pub(super) fn line(&self, entry: AuditEntry) -> AuditLine {
        AuditLine {
            actor_name: self.name(entry.actor_id),
            actor_removed: self.removed(entry.actor_id),
            entry,
        }
    }
}
