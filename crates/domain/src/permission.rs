//! What the caller may do, and why: the policy's table, asked in advance.
//!
//! Invariant: a row is spoken of only to those who may read it, and what is told comes from what
//! decides: the table, and the facts that `resolve` goes by.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Context, Error, Result, Scope, Store,
    error::Kind,
    policy::{self, Action, Authorization, Ruling},
    store::{Noun, Read},
};

/// What the caller may do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Permissions {
    /// With what.
    #[schema(example = "task")]
    noun: &'static str,
    /// With which one; null: whether the caller may list them (`read`), and make one (`create`).
    id: Option<Uuid>,
    /// An action each.
    actions: Vec<Ruling>,
}

/// The nouns that can be asked about, a line each.
macro_rules! nouns {
    ($($noun:ty),* $(,)?) => {
        /// The words for what can be asked about.
        pub const NOUNS: &[&str] = &[$(<$noun as Noun>::NOUN.as_str()),*];

        async fn dispatch(scope: &Scope, noun: &str, id: Option<Uuid>) -> Result<Permissions> {
            $(if noun == <$noun as Noun>::NOUN.as_str() {
                return of::<$noun>(scope, id).await;
            })*
            Err(Error::parameter("noun", format!("Expected one of: {}.", NOUNS.join(", "))))
        }

        /// Authorizes again what was authorized before, by the caller's present scopes and role and
        /// by the row as it is now.
        ///
        /// # Errors
        /// `InsufficientScope`, `Forbidden`, and `NotFound` for a row that is gone or invisible.
        pub(crate) async fn authorize_again(scope: &Scope, before: Authorization) -> Result<()> {
            let Authorization { noun, action, row } = before;
            let Some(row) = row else { return policy::permit(scope.ctx(), noun, action) };
            $(if noun == <$noun as Noun>::NOUN {
                return scope.authorize_again::<$noun>(row, action).await;
            })*
            Err(Kind::NotFound.into())
        }
    };
}

nouns!(
    crate::tenant::Tenant,
    crate::user::User,
    crate::session::Session,
    crate::second_factor::SecondFactor,
    crate::access_token::AccessToken,
    crate::service_account::ServiceAccount,
    crate::invitation::Invitation,
    crate::team::Team,
    crate::team::TeamMember,
    crate::project::Project,
    crate::project::Milestone,
    crate::task::Task,
    crate::task::TaskDependency,
    crate::label::Label,
    crate::comment::Comment,
    crate::watcher::Watcher,
    crate::reminder::Reminder,
    crate::notification::Notification,
    crate::attachment::Attachment,
    crate::time_entry::TimeEntry,
    crate::document::Document,
    crate::document::DocumentVersion,
    crate::client::Client,
    crate::request::RequestType,
    crate::request::ClientRequest,
    crate::audit::AuditEntry,
);

/// What the caller may do with a row of a noun, or without an id with its rows as a whole.
///
/// # Errors
/// `NotFound`; `InvalidParameter` for a noun that is none.
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
