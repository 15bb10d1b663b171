//! The names of the users and service accounts in a tenant's rows, even if they were removed.
//!
//! Invariant: a row stores only the id of a user. The names for a page are looked up together, so a
//! page costs one more query, however long it is.

use std::collections::HashMap;

use sea_orm::{
    QueryFilter, QueryTrait,
    entity::prelude::*,
    sea_query::{ExprTrait, Query, SelectStatement, UnionType},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Scope, entity, field, row::Positioned};
use crate::{
    Instant, Result,
    kernel::policy::{Action, ResourceType},
};

entity! {
    pub(crate) struct FormerUser in "former_user", unversioned {
        pub username: String,
        pub first_name: String,
        pub last_name: String,
        pub deleted_at: Instant,
    }
}

/// A user who was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RemovedUser {
    /// The last username. Another user may have it now.
    #[schema(example = "grace")]
    pub username: String,
    /// The given name.
    #[schema(example = "Grace")]
    pub first_name: String,
    /// The family name.
    #[schema(example = "Hopper")]
    pub last_name: String,
    /// The date and time (UTC) at which the user was removed.
    pub removed_at: Instant,
}

impl From<FormerUser> for RemovedUser {
    fn from(FormerUser { username, first_name, last_name, deleted_at, .. }: FormerUser) -> Self {
        Self { username, first_name, last_name, removed_at: deleted_at }
    }
}

/// The tables of actors: the table, the column of the name, and 1 if it holds removed ones.
const NAMED: [(&str, &str, i32); 3] =
    [("user", "username", 0), ("former_user", "username", 1), ("service_account", "name", 0)];

/// The name of an actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) name: String,
    /// Whether the actor was removed.
    pub(crate) removed: bool,
}

impl Scope {
    /// The names of the actors with these ids in the tenant. An id that is none of theirs is left
    /// out.
    pub(crate) async fn names(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Name>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let [mut names, rest @ ..] = NAMED.map(|of| self.named(of, ids));
        names.unions(rest.map(|more| (UnionType::All, more)));
        let name = |row: &sea_orm::QueryResult| {
            Ok((field(row, 0)?, Name { name: field(row, 1)?, removed: field::<i32>(row, 2)? == 1 }))
        };
        self.rows(&names).await?.iter().map(name).collect()
    }

    fn named(
        &self,
        (table, name, removed): (&'static str, &'static str, i32),
        ids: &[Uuid],
    ) -> SelectStatement {
        Query::select()
            .columns(["id", name])
            .expr(Expr::cust(removed.to_string()))
            .from(table)
            .and_where(Expr::col("tenant_id").eq(self.ctx.tenant()))
            .and_where(Expr::col("id").is_in(ids.iter().copied()))
            .take()
    }

    /// Adds the data of removed users to the rows of a response that name them, if the caller's
    /// token may read users.
    pub(crate) async fn mark_removed<T: Positioned>(&self, rows: &mut [T]) -> Result<()> {
        // The caller was not removed.
        let own = self.ctx.user();
        let mut people: Vec<_> = rows.iter_mut().filter_map(Positioned::person).collect();
        people.retain(|(id, _)| own != Some(*id));
        if people.is_empty() || !self.ctx.reaches(ResourceType::User, Action::Read) {
            return Ok(());
        }
        let mut ids: Vec<_> = people.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let gone = self.owned::<FormerUser>().filter(entity::Column::Id.is_in(ids)).into_query();
        let gone: Vec<FormerUser> = self.all(&gone).await?;
        let gone: HashMap<Uuid, RemovedUser> = gone.into_iter().map(|user| (user.id, user.into())).collect();
        for (id, removed) in people {
            *removed = gone.get(&id).cloned();
        }
        Ok(())
    }
}
