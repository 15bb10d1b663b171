//! The endpoints of projects, their tasks and their statistics, under `/api/v1/projects`.
//!
//! Milestones have a module of their own. A handler knows no rule about projects.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use taskhub_domain::{
    aggregates::{self, Statistics},
    project::{self, Project, ProjectInput, ProjectStatusInput},
    task::{self, Task},
};

use super::{App, endpoints::history, resource};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
    parameters::ListOf,
};

/// List projects
///
/// Returns the projects that the caller can see. These are projects without a team, projects of
/// teams that the caller belongs to or manages, and projects that the caller manages. Admins see
/// all projects.
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:read"])),
    params(ListOf<Project>),
    responses((status = 200, description = "One page of projects.", body = List<Project>)),
)]
#[get("")]
pub(crate) async fn list_projects(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<Project>(&caller, &app, (), &query, &request).await
}

/// Create a project
///
/// A manager or an admin may call it. A manager creates projects in the teams that they manage, or
/// without a team. The caller manages the project unless `manager_id` names another user.
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:write"])),
    request_body = ProjectInput,
    responses((status = 201, description = "The new project.", body = Project)),
)]
#[post("")]
pub(crate) async fn create_project(caller: Caller, app: App, body: Body<ProjectInput>) -> Answered {
    resource::create::<Project>(&caller, &app, (), body).await
}

/// Get the statistics of all projects
///
/// Returns statistics on the tasks of all projects that the caller can see. The numbers are exact,
/// and their cost does not depend on the number of tasks.
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:read", "tasks:read"])),
    responses(
        (
            status = 200,
            description = "The statistics of the tasks of all visible projects.",
            body = Statistics
        )
    ),
)]
#[get("/statistics")]
pub(crate) async fn get_projects_statistics(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(aggregates::statistics_of_all(&app.repository, &caller).await?))
}

/// Get a project
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the project."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The project.", body = Project)),
)]
#[get("/{id}")]
pub(crate) async fn get_project(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    resource::get_then::<Project>(&caller, &app, id, query, &known).await
}

/// Replace a project
///
/// Replaces all writable fields. A field that is absent from the body is set to its default.
/// Permissions, side effects and special errors are those of `PATCH`.
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the project.")),
    request_body = ProjectInput,
    responses((status = 200, description = "The project after the change.", body = Project)),
)]
#[put("/{id}")]
pub(crate) async fn replace_project(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<ProjectInput>,
) -> Answered {
    resource::update::<Project>(&caller, &app, id, pre, body).await
}

/// Update a project
///
/// Changes the fields that are in the body (JSON merge patch, RFC 7396); null clears a field. A
/// manager of the project or an admin may call it. Moving the project to a team requires managing
/// that team; an admin may always move it. After a change of the team or the manager, users who can
/// no longer see the project lose their assignments to its open tasks. The managers of the project
/// are notified of that. An archived project accepts no change without a new status (409
/// `conflict`).
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the project.")),
    request_body = ProjectInput,
    responses((status = 200, description = "The project after the change.", body = Project)),
)]
#[patch("/{id}")]
pub(crate) async fn update_project(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<ProjectInput>,
) -> Answered {
    resource::update::<Project>(&caller, &app, id, pre, body).await
}

/// Delete a project
///
/// Deletes the project and its milestones permanently. A manager of the project or an admin may
/// call it. Fails with 409 `in_use` while the project contains tasks or documents. Tasks in the
/// trash count too, unless `purge=true` deletes them permanently (at most 500). Fails with 409
/// `conflict` if the project is archived.
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the project."),
        (
            "purge" = Option<bool>,
            Query,
            description = "Whether to delete the tasks of the project that are in the trash permanently: `true` or `false` (default)."
        )
    ),
    responses((status = 204, description = "No content: the project was deleted.")),
)]
#[delete("/{id}")]
pub(crate) async fn delete_project(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    pre: IfMatch,
) -> Answered {
    let purge = query.take("purge", "true or false")?.unwrap_or(false);
    resource::finish(&caller, &app, b"", (id.0, purge, pre.0), |tx, (id, purge, pre)| {
        Box::pin(task::remove_project(tx, *id, *purge, pre))
    })
    .await
}

/// Update the status of a project
///
/// Changes only the status. A manager of the project or an admin may call it. While a project is
/// archived, a change to it or to its contents fails with 409 `conflict`. Give the project another
/// status first. Stopping a timer and deleting a task in the trash permanently stay possible.
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the project.")),
    request_body = ProjectStatusInput,
    responses((status = 200, description = "The project after the change.", body = Project)),
)]
#[patch("/{id}/status")]
pub(crate) async fn update_project_status(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<ProjectStatusInput>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    resource::change(&caller, &app, &body.bytes, input, |tx, (id, body, pre)| {
        Box::pin(project::set_status(tx, *id, body, pre))
    })
    .await
}

/// List the tasks of a project
///
/// Returns the tasks of a project that the caller can see, without those in the trash.
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:read", "tasks:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the project."),
        ListOf<Task>,
    ),
    responses((status = 200, description = "One page of tasks.", body = List<Task>)),
)]
#[get("/{id}/tasks")]
pub(crate) async fn list_project_tasks(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, task::in_project(&app.repository, &caller, id.0, &query.0).await?)
}

/// Get the statistics of a project
///
/// Returns statistics on the tasks of the project. The numbers are exact, and their cost does not
/// depend on the number of tasks.
#[utoipa::path(
    tag = "projects",
    security(("token" = ["projects:read", "tasks:read"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the project.")),
    responses(
        (
            status = 200,
            description = "The statistics of the tasks of the project.",
            body = Statistics
        )
    ),
)]
#[get("/{id}/statistics")]
pub(crate) async fn get_project_statistics(caller: Caller, app: App, id: Id) -> Answered {
    Ok(HttpResponse::Ok().json(aggregates::statistics_of_one(&app.repository, &caller, id.0).await?))
}

history! {
    one "project";
    Project, tagged "projects";
    /// List the history of a project
    list_project_history;
}
