//! `/api/v1/tasks/{id}/comments`.

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::comment::{self, Comment, CommentInput, CommentVersion};

use super::{
    App,
    noun::{self, history},
};
use crate::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Once, Parameters, Within},
};

/// List a task's comments
#[utoipa::path(tag = "comments", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "A page of comments.", body = List<Comment>)))]
#[get("/{id}/comments")]
pub(crate) async fn list_comments(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list_within::<Comment>(&caller, &app, id, &query, &request).await
}

/// Comment on a task
///
/// For all who see it. Who is mentioned is told, and so are the task's owner, its assignee, and who watches it. The author watches it from now on.
#[utoipa::path(tag = "comments", params(("id" = uuid::Uuid, Path, description = "The task's id.")), request_body = CommentInput, responses((status = 201, description = "The new comment.", body = Comment)))]
#[post("/{id}/comments")]
pub(crate) async fn create_comment(
    caller: Caller,
    app: App,
    id: Id,
    once: Once,
    body: Body<CommentInput>,
) -> Answered {
    noun::create_within::<Comment>(&caller, &app, id, &once, body).await
}

/// Get a comment
#[utoipa::path(tag = "comments", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("comment_id" = uuid::Uuid, Path, description = "The comment's id.")), responses((status = 200, description = "The comment.", body = Comment)))]
#[get("/{id}/comments/{comment_id}")]
pub(crate) async fn get_comment(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_within_then::<Comment>(&caller, &app, ids, query, &known).await
}

/// Replace a comment's body
///
/// For its author. The body before it is kept as a version; who is mentioned for the first time is told.
#[utoipa::path(tag = "comments", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("comment_id" = uuid::Uuid, Path, description = "The comment's id.")), request_body = CommentInput, responses((status = 200, description = "The changed comment.", body = Comment)))]
#[put("/{id}/comments/{comment_id}")]
pub(crate) async fn replace_comment(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
    body: Body<CommentInput>,
) -> Answered {
    noun::update_within::<Comment>(&caller, &app, ids, pre, body).await
}

/// Change a comment
///
/// For its author. The body before it is kept as a version; who is mentioned for the first time is told.
#[utoipa::path(tag = "comments", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("comment_id" = uuid::Uuid, Path, description = "The comment's id.")), request_body = CommentInput, responses((status = 200, description = "The changed comment.", body = Comment)))]
#[patch("/{id}/comments/{comment_id}")]
pub(crate) async fn update_comment(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
    body: Body<CommentInput>,
) -> Answered {
    noun::update_within::<Comment>(&caller, &app, ids, pre, body).await
}

/// Delete a comment
///
/// For its author, whoever manages the project, and admins. Its versions go with it.
#[utoipa::path(tag = "comments", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("comment_id" = uuid::Uuid, Path, description = "The comment's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}/comments/{comment_id}")]
pub(crate) async fn delete_comment(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    noun::remove_within::<Comment>(&caller, &app, ids, pre).await
}

/// List a comment's earlier bodies
///
/// For all who see the comment, the newest first.
#[utoipa::path(tag = "comments", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("comment_id" = uuid::Uuid, Path, description = "The comment's id.")), responses((status = 200, description = "A page of what the comment said before it was edited.", body = List<CommentVersion>)))]
#[get("/{id}/comments/{comment_id}/versions")]
pub(crate) async fn list_comment_versions(
    caller: Caller,
    app: App,
    Within(task, comment): Within,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, comment::versions(&app.store, &caller, (task, comment), &query.0).await?)
}

history! {
    Comment, tagged "comments", at "/{id}/comments/{comment_id}/history", by "comment_id";
    /// List what happened to a comment
    list_comment_history;
}
