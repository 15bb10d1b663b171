//! `/api/v1/tasks`.

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::task::{self, Task, TaskInput};

use super::{App, noun};
use crate::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Once, Parameters},
};

/// List tasks
///
/// Those that the caller sees: tasks in projects, and personal ones that they own or are assigned (managers and admins see all).
#[utoipa::path(tag = "tasks", responses((status = 200, description = "A page of tasks.", body = List<Task>)))]
#[get("")]
pub(crate) async fn list_tasks(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list::<Task>(&caller, &app, &query, &request).await
}

/// Create a task
///
/// In a project that the caller sees, or a personal one. The caller owns it.
#[utoipa::path(tag = "tasks", request_body = TaskInput, responses((status = 201, description = "The new task.", body = Task)))]
#[post("")]
pub(crate) async fn create_task(caller: Caller, app: App, once: Once, body: Body<TaskInput>) -> Answered {
    noun::create::<Task>(&caller, &app, &once, body).await
}

/// List tasks with a status
#[utoipa::path(tag = "tasks", responses((status = 200, description = "A page of tasks.", body = List<Task>)))]
#[get("/by-status")]
pub(crate) async fn list_tasks_by_status(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let mut others = query.0.clone();
    others.take("status")?;
    noun::list::<Task>(&caller, &app, &query, &request).await
}

/// Get a task
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "The task.", body = Task)))]
#[get("/{id}")]
pub(crate) async fn get_task(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
    noun::get::<Task>(&caller, &app, id, &known).await
}

/// Replace a task
///
/// All writable fields: what is absent gets its default.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), request_body = TaskInput, responses((status = 200, description = "The changed task.", body = Task)))]
#[put("/{id}")]
pub(crate) async fn replace_task(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<TaskInput>,
) -> Answered {
    noun::update::<Task>(&caller, &app, id, pre, body).await
}

/// Change a task
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), request_body = TaskInput, responses((status = 200, description = "The changed task.", body = Task)))]
#[patch("/{id}")]
pub(crate) async fn update_task(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<TaskInput>,
) -> Answered {
    noun::update::<Task>(&caller, &app, id, pre, body).await
}

/// Delete a task
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_task(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    noun::remove::<Task>(&caller, &app, id, pre).await
}

/// Complete a task
///
/// A task that is done stays as it is; a cancelled one must be taken up again first.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "The task, done.", body = Task)))]
#[post("/{id}/complete")]
pub(crate) async fn complete_task(caller: Caller, app: App, id: Id, pre: IfMatch, once: Once) -> Answered {
    let key = once.key(&app.store, &caller, b"");
    let complete = app.store.write_once(
        &caller,
        key,
        (id.0, pre.0),
        |tx, (id, pre)| Box::pin(task::complete(tx, *id, pre)),
        |task: &Task| answer::acted(task.version, task),
    );
    Ok(answer::kept(complete.await?))
}
