//! `/api/v1/tasks/{id}/comments`.

use actix_web::HttpRequest;
use taskhub_domain::comment::{self, Comment, CommentInput, CommentVersion};

use super::{App, endpoints::endpoints_within};
use crate::{
    answer::{self, Answered, List},
    extract::{Caller, Parameters, Within},
};

endpoints_within! {
    one "comment", many "comments", of "task", removal "was deleted";
    Comment by CommentInput, tagged "comments", at "/{id}/comments", "/{id}/comments/{comment_id}", "/{id}/comments/{comment_id}/history", by "comment_id";
    /// List a task's comments
    list_comments;
    /// Comment on a task
    ///
    /// For all who see it. Who is mentioned is told, and so are the task's owner, its assignee, and who watches it. The author watches it from now on.
    create_comment;
    /// Get a comment
    get_comment;
    /// Replace a comment's body
    ///
    /// For its author. The body before it is kept as a version; who is mentioned for the first time is told.
    replace_comment;
    /// Change a comment
    ///
    /// For its author. The body before it is kept as a version; who is mentioned for the first time is told.
    update_comment;
    /// Delete a comment
    ///
    /// For its author, whoever manages the project, and admins. Its versions go with it.
    delete_comment;
    /// List what happened to a comment
    list_comment_history;
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
