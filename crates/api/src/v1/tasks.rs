//! `/api/v1/tasks`.

use actix_web::HttpRequest;
use taskhub_domain::{
    audit::{ChangeLine, Past},
    bulk::{BulkInput, BulkResult},
    task::{self, MoveInput, Task, TaskDependency, TaskDependencyInput, TaskInput},
};

use super::{
    App,
    endpoints::{endpoints, history},
    noun,
};
use crate::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters, Within},
};

endpoints! {
    one "task", many "tasks", removal "was moved to the trash";
    Task by TaskInput, tagged "tasks";
    /// List tasks
    ///
    /// Those that the caller sees: tasks in projects, and personal ones that they own or are assigned (managers and admins see all).
    list_tasks;
    /// Create a task
    ///
    /// In a project that the caller sees, or a personal one. The caller owns it.
    create_task;
    /// Get a task
    get_task;
    /// Replace a task
    ///
    /// All writable fields: what is absent gets its default.
    replace_task;
    /// Change a task
    update_task;
    /// Delete a task
    ///
    /// With its parts. It can be restored for as many days as the tenant's `purge_after_days` says.
    delete_task;
    /// List what happened to a task
    list_task_history;
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

/// List deleted tasks
///
/// Those that the caller would see, as long as they can be restored.
#[utoipa::path(tag = "tasks", responses((status = 200, description = "A page of tasks.", body = List<Task>)))]
#[get("/deleted")]
pub(crate) async fn list_deleted_tasks(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, task::deleted(&app.store, &caller, &query.0).await?)
}

/// Get a deleted task
///
/// For who would see it, as long as it can be restored.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "The task.", body = Task)))]
#[get("/deleted/{id}")]
pub(crate) async fn get_deleted_task(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    let at = query.take("as_of", noun::INSTANT)?;
    let past = Past::<Task>::removed(&app.store, &caller, id.0).await?;
    match at {
        Some(at) => Ok(noun::past(&known, &past.at(at).await?)),
        None => Ok(answer::resource(&known, past.row().version, past.row())),
    }
}

/// List what happened to a deleted task
///
/// For who would see it, as long as it can be restored. The newest comes first.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "A page of changes.", body = List<ChangeLine>)))]
#[get("/deleted/{id}/history")]
pub(crate) async fn list_deleted_task_history(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let past = Past::<Task>::removed(&app.store, &caller, id.0).await?;
    noun::told(&app, &query, &request, &past).await
}

/// Delete a deleted task for good
///
/// With its parts and all that lies in them. For who may delete it.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/deleted/{id}")]
pub(crate) async fn purge_task(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    noun::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(task::purge(tx, *id, pre))).await
}

/// Restore a deleted task
///
/// With the parts that were deleted with it. For who may delete it.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "The task, there again.", body = Task)))]
#[post("/{id}/restore")]
pub(crate) async fn restore_task(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    noun::change(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(task::restore(tx, *id, pre))).await
}

/// Complete a task
///
/// A task that is done stays as it is; a cancelled one must be taken up again first. One that waits for open ones is refused (409), unless who manages
/// it forces it: who manages its project, an admin, or the owner of a personal one. Completing a recurring task makes the next one.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("force" = Option<bool>, Query, description = "Whether to complete it although it waits for others.")), responses((status = 200, description = "The task, done.", body = Task)))]
#[post("/{id}/complete")]
pub(crate) async fn complete_task(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    pre: IfMatch,
) -> Answered {
    let force = query.take("force", "true or false")?.unwrap_or(false);
    let octets: &[u8] = if force { b"force" } else { b"" };
    let input = (id.0, force, pre.0);
    noun::change(&caller, &app, octets, input, |tx, (id, force, pre)| {
        Box::pin(task::complete(tx, *id, *force, pre))
    })
    .await
}

/// Take a task up again
///
/// One that was done or cancelled is to do again; an open one stays as it is.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "The task, open.", body = Task)))]
#[post("/{id}/reopen")]
pub(crate) async fn reopen_task(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    noun::change(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(task::reopen(tx, *id, pre))).await
}

/// Move a task
///
/// Right before or after another task, in whose project it lies then, or to the end of a project. Its parts move with it. `sort=rank` lists tasks in this order.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), request_body = MoveInput, responses((status = 200, description = "The task where it is now.", body = Task)))]
#[post("/{id}/move")]
pub(crate) async fn move_task(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<MoveInput>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    noun::change(&caller, &app, &body.octets, input, |tx, (id, input, pre)| {
        Box::pin(task::move_to(tx, *id, input, pre))
    })
    .await
}

/// Create, change and delete tasks together
///
/// At most 100, one after the other, each judged and validated by itself: all of them or none.
#[utoipa::path(tag = "tasks", request_body = BulkInput, responses((status = 200, description = "What came of each.", body = BulkResult<Task>)))]
#[post("/bulk")]
pub(crate) async fn change_tasks(
    caller: Caller,
    app: App,
    request: HttpRequest,
    body: Body<BulkInput>,
) -> Answered {
    noun::bulk::<Task>(&caller, &app, &request, body).await
}

/// List what a task waits for
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "A page of dependencies.", body = List<TaskDependency>)))]
#[get("/{id}/dependencies")]
pub(crate) async fn list_task_dependencies(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list_within::<TaskDependency>(&caller, &app, id, &query, &request).await
}

/// Let a task wait for another
///
/// For who may change the task. It is not completed before the other is done or cancelled. 409 when the other waits for this one already, by however many
/// others.
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id.")), request_body = TaskDependencyInput, responses((status = 201, description = "The new dependency.", body = TaskDependency)))]
#[post("/{id}/dependencies")]
pub(crate) async fn create_task_dependency(
    caller: Caller,
    app: App,
    id: Id,
    body: Body<TaskDependencyInput>,
) -> Answered {
    noun::create_within::<TaskDependency>(&caller, &app, id, body).await
}

/// Get what a task waits for
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("dependency_id" = uuid::Uuid, Path, description = "The dependency's id.")), responses((status = 200, description = "The dependency.", body = TaskDependency)))]
#[get("/{id}/dependencies/{dependency_id}")]
pub(crate) async fn get_task_dependency(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_within_then::<TaskDependency>(&caller, &app, ids, query, &known).await
}

/// Let a task no longer wait for another
#[utoipa::path(tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("dependency_id" = uuid::Uuid, Path, description = "The dependency's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}/dependencies/{dependency_id}")]
pub(crate) async fn delete_task_dependency(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    noun::remove_within::<TaskDependency>(&caller, &app, ids, pre).await
}

history! {
    one "dependency", of "task";
    TaskDependency, tagged "tasks", at "/{id}/dependencies/{dependency_id}/history", by "dependency_id";
    /// List what happened to a dependency
    list_task_dependency_history;
}
