//! Listing and ending sessions: users their own, and admins those of every user.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Session, close, end_others, open_ones};
use crate::{
    Context, Repository, Result, Timestamp, Tx,
    identity::{second_factor, user::User},
    kernel::{
        change::ChangeType,
        error::Kind,
        list::{self, Page, Query, Within},
        repository::{Precondition, ReadPrivate, Update},
    },
};

/// A session: a signed-in device of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// The id of the session.
    id: Uuid,
    /// The id of the user.
    user_id: Uuid,
    /// Whether the request was made with this session.
    current: bool,
    /// The `User-Agent` of the sign-in, at most 255 characters, or null if there was none.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")]
    user_agent: Option<String>,
    /// The IP address of the sign-in, or null if it is unknown.
    #[schema(example = "192.0.2.7")]
    address: Option<String>,
    /// The date and time (UTC) of the sign-in.
    created_at: Timestamp,
    /// The date and time (UTC) of the last refresh.
    rotated_at: Timestamp,
    /// The date and time (UTC) at which the session ends, whether it is refreshed or not.
    expires_at: Timestamp,
    /// The version of the session, for `If-Match`.
    version: i64,
}

impl SessionView {
    fn of(ctx: &Context, session: Session) -> Self {
        let Session { id, user_id, user_agent, address, created_at, rotated_at, expires_at, version, .. } =
            session;
        let current = ctx.session() == Some(id);
        Self { id, user_id, current, user_agent, address, created_at, rotated_at, expires_at, version }
    }
}

/// The caller's own open sessions.
///
/// # Errors
/// `Forbidden` for a service. List errors.
pub async fn list(repository: &Repository, ctx: &Context, query: &Query) -> Result<Page<SessionView>> {
    of(repository, ctx, ctx.user().ok_or(Kind::Forbidden)?, query).await
}

/// The open sessions of a user, for admins and for the user.
///
/// # Errors
/// `NotFound`, `Forbidden`. List errors.
pub async fn list_of(
    repository: &Repository,
    ctx: &Context,
    user: Uuid,
    query: &Query,
) -> Result<Page<SessionView>> {
    let user = repository.read(ctx).resolve::<User, _>(user, ReadPrivate).await?;
    of(repository, ctx, user.row().id, query).await
}

async fn of(repository: &Repository, ctx: &Context, user: Uuid, query: &Query) -> Result<Page<SessionView>> {
    let within = Within::of(user, open_ones(user, ctx.now()));
    let Page { count, results, next, previous, fields } =
        list::page::<Session>(repository, &repository.read(ctx), query, within).await?;
    let results = results.into_iter().map(|session| SessionView::of(ctx, session)).collect();
    Ok(Page { count, results, next, previous, fields })
}

/// Ends an open session: one of the caller's, or for an admin one of any user.
///
/// # Errors
/// `NotFound`, and precondition errors.
pub async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    let seen = tx.resolve::<Session, _>(id, Update).await?;
    if seen.row().revoked_at.is_some() {
        return Err(Kind::NotFound.into());
    }
    close(tx, seen, ChangeType::End, pre).await
}

/// Ends all sessions of the caller except the current one.
///
/// # Errors
/// `Forbidden` for a caller without a session.
pub async fn end_own_others(tx: &Tx) -> Result<()> {
    end_others(tx, second_factor::caller(tx.ctx())?).await
}
