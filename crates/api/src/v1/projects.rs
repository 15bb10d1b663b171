//! `/api/v1/projects`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use taskhub_domain::{
    project::{self, Project, ProjectInput, ProjectStatusInput},
    tally::{self, Statistics},
    task::{self, Task},
};

use super::{App, endpoints::history, noun};
use crate::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
};

/// List projects
#[utoipa::path(tag = "projects", responses((status = 200, description = "A page of projects.", body = List<Project>)))]
#[get("")]
pub(crate) async fn list_projects(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list::<Project>(&caller, &app, &query, &request).await
}

/// Create a project
///
/// For managers and admins. The caller manages it, unless another user is named.
#[utoipa::path(tag = "projects", request_body = ProjectInput, responses((status = 201, description = "The new project.", body = Project)))]
#[post("")]
pub(crate) async fn create_project(caller: Caller, app: App, body: Body<ProjectInput>) -> Answered {
    noun::create::<Project>(&caller, &app, body).await
}

/// Get figures of all projects
///
/// Of those that the caller sees, and of all tasks in them. Exact, and as fast with a million tasks as with few.
#[utoipa::path(tag = "projects", responses((status = 200, description = "Figures of the projects' tasks.", body = Statistics)))]
#[get("/statistics")]
pub(crate) async fn get_projects_statistics(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(tally::statistics_of_all(&app.store, &caller).await?))
}

/// Get a project
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id.")), responses((status = 200, description = "The project.", body = Project)))]
#[get("/{id}")]
pub(crate) async fn get_project(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_then::<Project>(&caller, &app, id, query, &known).await
}

/// Replace a project
///
/// All writable fields: what is absent gets its default.
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id.")), request_body = ProjectInput, responses((status = 200, description = "The changed project.", body = Project)))]
#[put("/{id}")]
pub(crate) async fn replace_project(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<ProjectInput>,
) -> Answered {
    noun::update::<Project>(&caller, &app, id, pre, body).await
}

/// Change a project
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id.")), request_body = ProjectInput, responses((status = 200, description = "The changed project.", body = Project)))]
#[patch("/{id}")]
pub(crate) async fn update_project(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<ProjectInput>,
) -> Answered {
    noun::update::<Project>(&caller, &app, id, pre, body).await
}

/// Delete a project
///
/// One that has no tasks and no documents any more, and is not archived. Its milestones go with it. While there are deleted tasks in it that can still be
/// restored it is refused (409 `in_use`), unless `purge` says that they go with it for good.
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id."), ("purge" = Option<bool>, Query, description = "Whether the deleted tasks in it go for good.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_project(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    pre: IfMatch,
) -> Answered {
    let purge = query.take("purge", "true or false")?.unwrap_or(false);
    noun::finish(&caller, &app, b"", (id.0, purge, pre.0), |tx, (id, purge, pre)| {
        Box::pin(task::remove_project(tx, *id, *purge, pre))
    })
    .await
}

/// Change a project's status
///
/// While a project is archived, neither it nor anything in it can be changed until its status is another: that answers 409.
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id.")), request_body = ProjectStatusInput, responses((status = 200, description = "The changed project.", body = Project)))]
#[patch("/{id}/status")]
pub(crate) async fn update_project_status(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<ProjectStatusInput>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    noun::change(&caller, &app, &body.octets, input, |tx, (id, body, pre)| {
        Box::pin(project::set_status(tx, *id, body, pre))
    })
    .await
}

/// List a project's tasks
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id.")), responses((status = 200, description = "A page of tasks.", body = List<Task>)))]
#[get("/{id}/tasks")]
pub(crate) async fn list_project_tasks(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, task::in_project(&app.store, &caller, id.0, &query.0).await?)
}

/// Get figures of a project
///
/// Exact, and as fast with a million tasks as with few.
#[utoipa::path(tag = "projects", params(("id" = uuid::Uuid, Path, description = "The project's id.")), responses((status = 200, description = "Figures of the project's tasks.", body = Statistics)))]
#[get("/{id}/statistics")]
pub(crate) async fn get_project_statistics(caller: Caller, app: App, id: Id) -> Answered {
    Ok(HttpResponse::Ok().json(tally::statistics_of_one(&app.store, &caller, id.0).await?))
}

history! {
    one "project";
    Project, tagged "projects";
    /// List what happened to a project
    list_project_history;
}
