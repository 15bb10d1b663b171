//! The endpoints of comments and their versions, under `/api/v1/tasks/{id}/comments`.

use actix_web::HttpRequest;
use taskhub_domain::comment::{self, Comment, CommentInput, CommentVersion};

use super::{App, endpoints::endpoints_within};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Caller, Parameters, Within},
    parameters::ListOf,
};

endpoints_within! {
    one "comment", many "comments", of "task", removal "was deleted";
    Comment by CommentInput, tagged "comments", at "/{id}/comments", "/{id}/comments/{comment_id}", "/{id}/comments/{comment_id}/history", by "comment_id";
    /// List the comments on a task
    ///
    /// Returns the comments on a task that the caller can see.
    list_comments;
    /// Add a comment to a task
    ///
    /// Every caller who can see the task may comment on it. The mentioned users, the owner, the
    /// assignee and the watchers of the task are notified. The author becomes a watcher of the
    /// task.
    create_comment;
    /// Get a comment
    get_comment;
    /// Replace a comment
    ///
    /// Replaces the body. Only the author of the comment may call it. The previous body is stored
    /// as a version. Users who are mentioned for the first time are notified.
    replace_comment;
    /// Update a comment
    ///
    /// Changes the fields that are in the body (JSON merge patch, RFC 7396). Only the author of the
    /// comment may call it. The previous text is stored as a version. Users who are mentioned for
    /// the first time are notified.
    update_comment;
    /// Delete a comment
    ///
    /// Deletes the comment and its versions permanently. The author, a manager of the project or an
    /// admin may call it.
    delete_comment;
    /// List the history of a comment
    list_comment_history;
}

/// List the versions of a comment
///
/// Returns the earlier texts of a comment, newest first. Every caller who can see the comment may
/// read them. Texts that were replaced before the task moved to its present project or team are
/// returned to admins only.
#[utoipa::path(
    tag = "comments",
    security(("token" = ["tasks:read", "comments:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ("comment_id" = uuid::Uuid, Path, description = "The id of the comment."),
        ListOf<CommentVersion>,
    ),
    responses(
        (
            status = 200,
            description = "One page of earlier versions of the comment.",
            body = List<CommentVersion>
        )
    ),
)]
#[get("/{id}/comments/{comment_id}/versions")]
pub(crate) async fn list_comment_versions(
    caller: Caller,
    app: App,
    Within(task, comment): Within,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(
        &app,
        &request,
        comment::versions(&app.repository, &caller, (task, comment), &query.0).await?,
    )
}
