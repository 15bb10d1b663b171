//! The endpoints of watchers, under `/api/v1/tasks/{id}/watchers`.

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::watcher::{Watcher, WatcherInput};

use super::{App, endpoints::history, resource};
use crate::http::{
    answer::{Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters, Within},
    parameters::ListOf,
};

/// List the watchers of a task
///
/// Returns the users who watch a task that the caller can see. The owner and the assignee are
/// notified without watching.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ListOf<Watcher>,
    ),
    responses((status = 200, description = "One page of watchers.", body = List<Watcher>)),
)]
#[get("/{id}/watchers")]
pub(crate) async fn list_watchers(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<Watcher>(&caller, &app, id, &query, &request).await
}

/// Add a watcher to a task
///
/// Adds the caller, or the user in `user_id`. A watcher is notified of new comments and of changes
/// of the status. Every user who can see the task may add themselves. A manager of the project or
/// an admin may add other users who can see it. Fails with 409 `conflict` if the user watches the
/// task already, or if 100 users watch it.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read", "tasks:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the task.")),
    request_body = WatcherInput,
    responses((status = 201, description = "The new watcher.", body = Watcher)),
)]
#[post("/{id}/watchers")]
pub(crate) async fn create_watcher(caller: Caller, app: App, id: Id, body: Body<WatcherInput>) -> Answered {
    resource::create::<Watcher>(&caller, &app, id, body).await
}

/// Get a watcher of a task
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        (
            "watcher_id" = uuid::Uuid,
            Path,
            description = "The id of the watcher, which is not the id of the user."
        ),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The watcher.", body = Watcher)),
)]
#[get("/{id}/watchers/{watcher_id}")]
pub(crate) async fn get_watcher(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    resource::get_then::<Watcher>(&caller, &app, ids, query, &known).await
}

/// Remove a watcher from a task
///
/// The watcher, a manager of the project or an admin may call it. The user is notified no longer,
/// unless they own the task, are assigned to it or are mentioned.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read", "tasks:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        (
            "watcher_id" = uuid::Uuid,
            Path,
            description = "The id of the watcher, which is not the id of the user."
        )
    ),
    responses((status = 204, description = "No content: the user no longer watches the task.")),
)]
#[delete("/{id}/watchers/{watcher_id}")]
pub(crate) async fn delete_watcher(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    resource::remove::<Watcher>(&caller, &app, ids, pre).await
}

history! {
    one "watcher", of "task";
    Watcher, tagged "tasks", at "/{id}/watchers/{watcher_id}/history", by "watcher_id";
    /// List the history of a watcher
    list_watcher_history;
}
