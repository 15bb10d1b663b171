//! What people see of sessions, and what they end: their own, and an admin anybody's in the tenant.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Session, close, end_others, open_ones};
use crate::{
    Context, Instant, Result, Store, Tx,
    error::Kind,
    list::{self, Page, Query, Within},
    second_factor,
    store::{Precondition, ReadPrivate, Update},
    user::User,
};

/// A signed-in device.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    id: Uuid,
    user_id: Uuid,
    /// Whether the request was made in this session.
    current: bool,
    /// The `User-Agent` that signed in.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")]
    user_agent: Option<String>,
    /// The address that signed in.
    #[schema(example = "192.0.2.7")]
    address: Option<String>,
    /// When it signed in.
    created_at: Instant,
    /// When it was refreshed last.
    rotated_at: Instant,
    /// When it ends at the latest.
    expires_at: Instant,
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
/// `Forbidden` to a service; those of lists.
pub async fn list(store: &Store, ctx: &Context, query: &Query) -> Result<Page<SessionView>> {
    of(store, ctx, ctx.user().ok_or(Kind::Forbidden)?, query).await
}

/// A user's open sessions: for admins, and for the user.
///
/// # Errors
/// `NotFound`, `Forbidden`; those of lists.
pub async fn list_of(store: &Store, ctx: &Context, user: Uuid, query: &Query) -> Result<Page<SessionView>> {
    let user = store.read(ctx).resolve::<User, _>(user, ReadPrivate).await?;
    of(store, ctx, user.row().id, query).await
}

async fn of(store: &Store, ctx: &Context, user: Uuid, query: &Query) -> Result<Page<SessionView>> {
    let within = Within::of(user, open_ones(user, ctx.now()));
    let Page { count, results, next, previous, fields } =
        list::page::<Session>(store, &store.read(ctx), query, within).await?;
    let results = results.into_iter().map(|session| SessionView::of(ctx, session)).collect();
    Ok(Page { count, results, next, previous, fields })
}

/// Ends an open session: one's own, or for admins anybody's.
///
/// # Errors
/// `NotFound`, and those of the precondition.
pub async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
    let seen = tx.resolve::<Session, _>(id, Update).await?;
    if seen.row().revoked_at.is_some() {
        return Err(Kind::NotFound.into());
    }
    close(tx, seen, "end", pre).await
}

/// Ends all the caller's sessions but the present one.
///
/// # Errors
/// `Forbidden` to a caller without a session.
pub async fn end_own_others(tx: &Tx) -> Result<()> {
    end_others(tx, second_factor::caller(tx.ctx())?).await
}
