//! `/api/v1/auth/sessions`: where somebody is signed in.

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::session::{self, SessionView};

use super::super::{App, noun};
use crate::{
    answer::{self, Answered, List},
    extract::{Caller, Id, IfMatch, Parameters},
};

/// List one's sessions
///
/// The open ones: where one is signed in.
#[utoipa::path(tag = "auth", responses((status = 200, description = "A page of sessions.", body = List<SessionView>)))]
#[get("/sessions")]
pub(crate) async fn list_sessions(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, session::list(&app.store, &caller, &query.0).await?)
}

/// End a session
///
/// One's own, or for admins anybody's: its access tokens and its refresh tokens, at once.
#[utoipa::path(tag = "auth", params(("id" = uuid::Uuid, Path, description = "The session's id.")), responses((status = 204, description = "The session has ended.")))]
#[delete("/sessions/{id}")]
pub(crate) async fn delete_session(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    noun::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(session::remove(tx, *id, pre))).await
}

/// End one's other sessions
///
/// All but the present one.
#[utoipa::path(tag = "auth", responses((status = 204, description = "The present session is the only one.")))]
#[post("/sessions/end-others")]
pub(crate) async fn end_other_sessions(caller: Caller, app: App) -> Answered {
    noun::finish(&caller, &app, b"", (), |tx, ()| Box::pin(session::end_own_others(tx))).await
}

/// List a user's sessions
///
/// The open ones. For admins, and for the user.
#[utoipa::path(tag = "users", params(("id" = uuid::Uuid, Path, description = "The user's id.")), responses((status = 200, description = "A page of sessions.", body = List<SessionView>)))]
#[get("/{id}/sessions")]
pub(crate) async fn list_user_sessions(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, session::list_of(&app.store, &caller, id.0, &query.0).await?)
}
