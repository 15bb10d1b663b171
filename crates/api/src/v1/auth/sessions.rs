//! `/api/v1/auth/sessions`: the sessions of a user, one for each signed-in device.

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::session::Session;
use taskhub_domain::session::{self, SessionView};

use super::super::{App, resource};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Caller, Id, IfMatch, Parameters},
    parameters::ListOf,
};

/// List the caller's sessions
///
/// Lists the open sessions of the user who calls. Service accounts get 403 `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["sessions:read"])),
    params(ListOf<Session>),
    responses((status = 200, description = "One page of sessions.", body = List<SessionView>)),
)]
#[get("/sessions")]
pub(crate) async fn list_sessions(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, session::list(&app.repository, &caller, &query.0).await?)
}

/// End a session
///
/// Ends a session with its access tokens and its refresh tokens, at once. A user can end their own
/// sessions, and an admin those of every user.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["sessions:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the session.")),
    responses((status = 204, description = "No content: the session was ended.")),
)]
#[delete("/sessions/{id}")]
pub(crate) async fn delete_session(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(session::remove(tx, *id, pre))).await
}

/// End the caller's other sessions
///
/// Ends all sessions of the user except the one that makes the request. The request needs a
/// session: service accounts and personal access tokens get 403 `forbidden`.
#[utoipa::path(
    tag = "auth",
    security(("token" = ["sessions:write"])),
    responses((status = 204, description = "No content: all other sessions were ended.")),
)]
#[post("/sessions/end-others")]
pub(crate) async fn end_other_sessions(caller: Caller, app: App) -> Answered {
    resource::finish(&caller, &app, b"", (), |tx, ()| Box::pin(session::end_own_others(tx))).await
}

/// List a user's sessions
///
/// Lists the open sessions of a user. The user and admins can call this.
#[utoipa::path(
    tag = "users",
    security(("token" = ["users:read", "sessions:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the user."),
        ListOf<Session>,
    ),
    responses((status = 200, description = "One page of sessions.", body = List<SessionView>)),
)]
#[get("/{id}/sessions")]
pub(crate) async fn list_user_sessions(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, session::list_of(&app.repository, &caller, id.0, &query.0).await?)
}
