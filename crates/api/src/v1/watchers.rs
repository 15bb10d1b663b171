//! `/api/v1/tasks/{id}/watchers`.

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::watcher::{Watcher, WatcherInput};

use super::{App, endpoints::history, noun};
use crate::{
    answer::{Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters, Within},
};

/// List a task's watchers
///
/// Its owner and its assignee are told of it anyway, and so need not watch it.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "A page of watchers.", body = List<Watcher>)))]
#[get("/{id}/watchers")]
pub(crate) async fn list_watchers(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list_within::<Watcher>(&caller, &app, id, &query, &request).await
}

/// Watch a task
///
/// For all who see it: they are told of its comments and its status. Whoever manages the project, and admins, may add others who see it. At most 100
/// users watch a task.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), request_body = WatcherInput, responses((status = 201, description = "The new watcher.", body = Watcher)))]
#[post("/{id}/watchers")]
pub(crate) async fn create_watcher(caller: Caller, app: App, id: Id, body: Body<WatcherInput>) -> Answered {
    noun::create_within::<Watcher>(&caller, &app, id, body).await
}

/// Get a watcher of a task
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("watcher_id" = uuid::Uuid, Path, description = "The watcher's id, which is not the user's.")), responses((status = 200, description = "The watcher.", body = Watcher)))]
#[get("/{id}/watchers/{watcher_id}")]
pub(crate) async fn get_watcher(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_within_then::<Watcher>(&caller, &app, ids, query, &known).await
}

/// Watch a task no more
///
/// For the watcher, whoever manages the project, and admins.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("watcher_id" = uuid::Uuid, Path, description = "The watcher's id, which is not the user's.")), responses((status = 204, description = "They watch it no more.")))]
#[delete("/{id}/watchers/{watcher_id}")]
pub(crate) async fn delete_watcher(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    noun::remove_within::<Watcher>(&caller, &app, ids, pre).await
}

history! {
    one "watcher", of "task";
    Watcher, tagged "tasks", at "/{id}/watchers/{watcher_id}/history", by "watcher_id";
    /// List what happened to a watcher
    list_watcher_history;
}
