//! What the caller may do, and why: the policy table, queried in advance.
//!
//! Invariant: only callers who can read a row learn about it. The report comes from the same policy
//! table and the same facts that `resolve` uses.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Context, Error, Result, Scope, Store,
    insight::resources,
    kernel::{
        policy::{self, Action, Ruling},
        repository::{Noun, Read},
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
    ($($noun:ty),* $(,)?) => {
        /// The names of the resource types that can be queried.
        pub const NOUNS: &[&str] = &[$(<$noun as Noun>::NOUN.as_str()),*];

        async fn dispatch(scope: &Scope, noun: &str, id: Option<Uuid>) -> Result<Permissions> {
            $(if noun == <$noun as Noun>::NOUN.as_str() {
                return of::<$noun>(scope, id).await;
            })*
            Err(Error::parameter("noun", format!("Expected one of: {}.", NOUNS.join(", "))))
        }
    };
}

resources::each!(all, nouns);

/// The permissions of the caller for a row or, without an id, for a resource type.
///
/// # Errors
/// `NotFound`. `InvalidParameter` for an unknown resource type.
pub async fn get(store: &Store, ctx: &Context, noun: &str, id: Option<Uuid>) -> Result<Permissions> {
    dispatch(&store.read(ctx), noun, id).await
}

async fn of<N: Noun>(scope: &Scope, id: Option<Uuid>) -> Result<Permissions> {
    let mut actions = Vec::new();
    if let Some(id) = id {
        let seen = scope.resolve::<N, _>(id, Read).await?;
        for action in policy::actions(N::NOUN).filter(|action| *action != Action::Create) {
            let facts = seen.row().facts(scope, action).await?;
            actions.push(policy::explain(scope.ctx(), N::NOUN, action, Some(facts)));
        }
    } else {
        let whole = policy::actions(N::NOUN).filter(|it| matches!(it, Action::Read | Action::Create));
        actions.extend(whole.map(|action| policy::explain(scope.ctx(), N::NOUN, action, None)));
    }
    Ok(Permissions { noun: N::NOUN.as_str(), id, actions })
}
