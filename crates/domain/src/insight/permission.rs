//! What the caller may do, and why: the policy table, queried in advance.
//!
//! Invariant: only callers who can read a row learn about it. The report comes from the same policy
//! table and the same relations that `resolve` uses.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Context, Error, Repository, Result, Scope,
    insight::resources,
    kernel::{
        policy::{self, Action, Ruling},
        repository::{Read, Resource},
    },
};

/// The permissions of the caller for a row or a resource type.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Permissions {
    /// The resource type.
    #[schema(example = "task")]
    noun: &'static str,
    /// The id of the row, or null if the report is about the resource type.
    id: Option<Uuid>,
    /// The decision for each action. Without `id` these are `read` (list rows) and `create`, if
    /// they exist.
    actions: Vec<Ruling>,
}

/// The resource types that can be queried, one on each line.
macro_rules! nouns {
    ($($resource:ty),* $(,)?) => {
        /// The names of the resource types that can be queried.
        pub const RESOURCE_TYPES: &[&str] = &[$(<$resource as Resource>::TYPE.as_str()),*];

        async fn dispatch(scope: &Scope, noun: &str, id: Option<Uuid>) -> Result<Permissions> {
            $(if noun == <$resource as Resource>::TYPE.as_str() {
                return of::<$resource>(scope, id).await;
            })*
            Err(Error::parameter("noun", format!("Must be one of: {}.", RESOURCE_TYPES.join(", "))))
        }
    };
}

resources::each!(all, nouns);

/// The permissions of the caller for a row or, without an id, for a resource type.
///
/// # Errors
/// `NotFound`. `InvalidParameter` for an unknown resource type.
pub async fn get(
    repository: &Repository,
    ctx: &Context,
    noun: &str,
    id: Option<Uuid>,
) -> Result<Permissions> {
    dispatch(&repository.read(ctx), noun, id).await
}

async fn of<N: Resource>(scope: &Scope, id: Option<Uuid>) -> Result<Permissions> {
    let mut actions = Vec::new();
    if let Some(id) = id {
        let seen = scope.resolve::<N, _>(id, Read).await?;
        for action in policy::actions(N::TYPE).filter(|action| *action != Action::Create) {
            let relations = seen.row().relations(scope, action).await?;
            actions.push(policy::explain(scope.ctx(), N::TYPE, action, Some(relations)));
        }
    } else {
        let whole = policy::actions(N::TYPE).filter(|it| matches!(it, Action::Read | Action::Create));
        actions.extend(whole.map(|action| policy::explain(scope.ctx(), N::TYPE, action, None)));
    }
    Ok(Permissions { noun: N::TYPE.as_str(), id, actions })
}
