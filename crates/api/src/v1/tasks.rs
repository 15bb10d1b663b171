//! The endpoints of tasks, their trash and their dependencies, under `/api/v1/tasks`.
//!
//! A handler reads the request, calls one operation of the domain and answers with its result. It
//! knows no rule about tasks.

use actix_web::HttpRequest;
use taskhub_domain::{
    audit::{Change, ChangeLine, Past},
    bulk::{BulkInput, BulkResult},
    task::{self, MoveInput, Task, TaskDependency, TaskDependencyInput, TaskInput},
};
use utoipa::{
    IntoParams,
    openapi::{
        Required,
        path::{Parameter, ParameterIn},
    },
};

use super::{
    App,
    endpoints::{endpoints, history},
    resource,
};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters, Within},
    parameters::ListOf,
};

endpoints! {
    one "task", many "tasks", removal "was moved to the trash";
    Task by TaskInput, tagged "tasks";
    /// List tasks
    ///
    /// Returns the tasks that the caller can see: the tasks of visible projects, and the personal
    /// tasks that the caller owns or is assigned to. Managers and admins see all personal tasks.
    /// Tasks in the trash are not included.
    list_tasks;
    /// Create a task
    ///
    /// Creates a task in a project that the caller can see, or a personal task if no project is
    /// given. Every user may create tasks and owns those that they create. A task that a service
    /// account creates has no owner. The assignee is notified.
    create_task;
    /// Get a task
    get_task;
    /// Replace a task
    ///
    /// Replaces all writable fields. A field that is absent from the body is set to its default.
    /// Permissions, notifications and special errors are those of `PATCH`.
    replace_task;
    /// Update a task
    ///
    /// Changes the fields that are in the body (JSON merge patch, RFC 7396); null clears a field.
    /// The owner, the assignee, a manager of the project or an admin may call it; for a personal
    /// task, also every manager. Setting `parent_id` requires the right to delete the task. A new
    /// assignee is notified. The owner, the assignee and the watchers are notified of a new status.
    ///
    /// If the project changes, the subtasks move too. A blocked task can leave its project only if
    /// the caller may complete it with `force=true` (403 `forbidden`). Setting the status to `done`
    /// fails with 409 `conflict` while an open task blocks the task.
    update_task;
    /// Delete a task
    ///
    /// Moves the task and its subtasks to the trash and stops the timers that are running on them.
    /// The owner, a manager of the project or an admin may call it; for a personal task, also every
    /// manager. A task can be restored for the number of days in the organisation's
    /// `purge_after_days` setting (default: 30). After that, it is deleted permanently. Fails with
    /// 409 `conflict` if the task has more than 500 subtasks.
    delete_task;
    /// List the history of a task
    list_task_history;
}

/// The parameters of a list of tasks, of which `status` is required.
struct ByStatus;

impl IntoParams for ByStatus {
    fn into_params(part: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all = ListOf::<Task>::into_params(part);
        for status in all.iter_mut().filter(|parameter| parameter.name == "status") {
            status.required = Required::True;
        }
        all
    }
}

/// List tasks by status
///
/// Returns the tasks with one of the given statuses that the caller can see. The parameter `status`
/// is required. All other parameters are those of `GET /api/v1/tasks`.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read"])),
    params(ByStatus),
    responses((status = 200, description = "One page of tasks.", body = List<Task>)),
)]
#[get("/by-status")]
pub(crate) async fn list_tasks_by_status(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let mut others = query.0.clone();
    others.take("status")?;
    resource::list::<Task>(&caller, &app, (), &query, &request).await
}

/// List deleted tasks
///
/// Returns the tasks in the trash. A deleted task is visible to the callers who would see it after
/// a restore.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read"])),
    params(ListOf<Task>),
    responses((status = 200, description = "One page of deleted tasks.", body = List<Task>)),
)]
#[get("/deleted")]
pub(crate) async fn list_deleted_tasks(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, task::deleted(&app.repository, &caller, &query.0).await?)
}

/// Get a deleted task
///
/// Returns a task in the trash, as it is now or as it was at the time `as_of`. A deleted task is
/// visible to the callers who would see it after a restore.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The deleted task.", body = Task)),
)]
#[get("/deleted/{id}")]
pub(crate) async fn get_deleted_task(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    let at = query.take("as_of", resource::INSTANT)?;
    let past = Past::<Task>::removed(&app.repository, &caller, id.0).await?;
    match at {
        Some(at) => Ok(resource::past(&known, &past.at(at).await?)),
        None => Ok(answer::resource(&known, past.row().version, past.row())),
    }
}

/// List the history of a deleted task
///
/// Returns the changes to a task in the trash, newest first. A deleted task is visible to the
/// callers who would see it after a restore.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read", "history:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ListOf<Change>,
    ),
    responses((status = 200, description = "One page of changes.", body = List<ChangeLine>)),
)]
#[get("/deleted/{id}/history")]
pub(crate) async fn list_deleted_task_history(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let past = Past::<Task>::removed(&app.repository, &caller, id.0).await?;
    resource::history_page(&app, &query, &request, &past).await
}

/// Purge a task
///
/// Deletes a task in the trash permanently. Its subtasks, comments, attachments, time entries,
/// watchers, reminders and dependencies are deleted with it. A caller who may delete the task may
/// purge it. Fails with 409 `conflict` if a subtask is not in the trash, or if there are more than
/// 500 subtasks.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the task.")),
    responses((status = 204, description = "No content: the task was deleted permanently.")),
)]
#[delete("/deleted/{id}")]
pub(crate) async fn purge_task(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(task::purge(tx, *id, pre))).await
}

/// Restore a task
///
/// Moves a task out of the trash, with the subtasks that were deleted together with it. A caller
/// who may delete the task may restore it. Fails with 409 `conflict` while its parent task is in
/// the trash or its project is archived.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the task.")),
    responses((status = 200, description = "The restored task.", body = Task)),
)]
#[post("/{id}/restore")]
pub(crate) async fn restore_task(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::change(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(task::restore(tx, *id, pre))).await
}

/// Complete a task
///
/// Sets the status to `done` and records the time of completion. A task that is already done stays
/// unchanged. Completing a recurring task creates the next task. A caller who may update the task
/// may complete it. The owner, the assignee and the watchers are notified.
///
/// Fails with 409 `conflict` if the task is cancelled, or while an open task blocks it. With
/// `force=true`, a blocked task is completed all the same. Only a manager of the project, an admin
/// or the owner of a personal task may send `force=true`.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        (
            "force" = Option<bool>,
            Query,
            description = "Whether to complete the task even if open tasks block it: `true` or `false` (default)."
        )
    ),
    responses((status = 200, description = "The completed task.", body = Task)),
)]
#[post("/{id}/complete")]
pub(crate) async fn complete_task(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    pre: IfMatch,
) -> Answered {
    let force = query.take("force", "true or false")?.unwrap_or(false);
    let bytes: &[u8] = if force { b"force" } else { b"" };
    let input = (id.0, force, pre.0);
    resource::change(&caller, &app, bytes, input, |tx, (id, force, pre)| {
        Box::pin(task::complete(tx, *id, *force, pre))
    })
    .await
}

/// Reopen a task
///
/// Sets the status of a done or cancelled task to `todo` and clears its time of completion. An open
/// task stays unchanged. An assignee who can no longer see the task is removed from it. A caller
/// who may update the task may reopen it. The owner, the assignee and the watchers are notified.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the task.")),
    responses((status = 200, description = "The task after the change.", body = Task)),
)]
#[post("/{id}/reopen")]
pub(crate) async fn reopen_task(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::change(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(task::reopen(tx, *id, pre))).await
}

/// Move a task
///
/// Moves the task directly before or after another task, in the project of that task, or to the end
/// of a project. Its subtasks move with it to another project. Lists with `sort=rank` have this
/// order. A caller who may update the task may move it.
///
/// A subtask cannot leave the project of its parent task (409 `conflict`). A blocked task can leave
/// its project only if the caller may complete it with `force=true` (403 `forbidden`).
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the task.")),
    request_body = MoveInput,
    responses((status = 200, description = "The task after the move.", body = Task)),
)]
#[post("/{id}/move")]
pub(crate) async fn move_task(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<MoveInput>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    resource::change(&caller, &app, &body.bytes, input, |tx, (id, input, pre)| {
        Box::pin(task::move_to(tx, *id, input, pre))
    })
    .await
}

/// Create, update and delete tasks in bulk
///
/// Applies up to 100 operations in order, in one transaction: either all of them take effect or
/// none. Each operation is authorised and validated as a single request would be.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:write"])),
    request_body = BulkInput,
    responses(
        (
            status = 200,
            description = "The result of each operation, in the order of the request.",
            body = BulkResult<Task>
        )
    ),
)]
#[post("/bulk")]
pub(crate) async fn change_tasks(
    caller: Caller,
    app: App,
    request: HttpRequest,
    body: Body<BulkInput>,
) -> Answered {
    resource::bulk::<Task>(&caller, &app, &request, body).await
}

/// List the dependencies of a task
///
/// Returns the dependencies by which other tasks block this task. A dependency is visible to
/// callers who can see both tasks.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ListOf<TaskDependency>,
    ),
    responses(
        (status = 200, description = "One page of dependencies.", body = List<TaskDependency>)
    ),
)]
#[get("/{id}/dependencies")]
pub(crate) async fn list_task_dependencies(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<TaskDependency>(&caller, &app, id, &query, &request).await
}

/// Add a dependency to a task
///
/// Makes the task blocked by another task: it cannot be completed until that task is done,
/// cancelled or deleted. The owner, the assignee, a manager of the project or an admin may call it.
/// Fails with 409 `conflict` if the dependency exists, the task has 100 dependencies, or the
/// dependencies would form a cycle.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read", "tasks:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the task.")),
    request_body = TaskDependencyInput,
    responses((status = 201, description = "The new dependency.", body = TaskDependency)),
)]
#[post("/{id}/dependencies")]
pub(crate) async fn create_task_dependency(
    caller: Caller,
    app: App,
    id: Id,
    body: Body<TaskDependencyInput>,
) -> Answered {
    resource::create::<TaskDependency>(&caller, &app, id, body).await
}

/// Get a dependency of a task
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ("dependency_id" = uuid::Uuid, Path, description = "The id of the dependency."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The dependency.", body = TaskDependency)),
)]
#[get("/{id}/dependencies/{dependency_id}")]
pub(crate) async fn get_task_dependency(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    resource::get_then::<TaskDependency>(&caller, &app, ids, query, &known).await
}

/// Delete a dependency of a task
///
/// The task is no longer blocked by the other task. The author of the dependency, a manager of the
/// project or an admin may call it. For a personal task, the owner of the task may too.
#[utoipa::path(
    tag = "tasks",
    security(("token" = ["tasks:read", "tasks:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ("dependency_id" = uuid::Uuid, Path, description = "The id of the dependency.")
    ),
    responses((status = 204, description = "No content: the dependency was deleted.")),
)]
#[delete("/{id}/dependencies/{dependency_id}")]
pub(crate) async fn delete_task_dependency(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    resource::remove::<TaskDependency>(&caller, &app, ids, pre).await
}

history! {
    one "dependency", of "task";
    TaskDependency, tagged "tasks", at "/{id}/dependencies/{dependency_id}/history", by "dependency_id";
    /// List the history of a dependency
    list_task_dependency_history;
}
