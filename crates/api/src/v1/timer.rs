//! The endpoints of the caller's timer: reading it under `/api/v1/timer`, starting and stopping it
//! under `/api/v1/tasks/{id}/timer`.

use actix_web::{HttpResponse, get, post};
use taskhub_domain::time_entry::{self, TimeEntry, Timer};

use super::{App, resource};
use crate::http::{
    answer::{self, Answered},
    extract::{Caller, Id, IfMatch},
};

/// Get the caller's timer
///
/// Returns the time entry that is running and the seconds that it has run so far. Both are null
/// while no timer is running.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["time-entries:read"])),
    responses((status = 200, description = "The caller's timer.", body = Timer)),
)]
#[get("")]
pub(crate) async fn get_timer(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(time_entry::timer(&app.repository, &caller).await?))
}

/// Start the caller's timer on a task
///
/// Creates a time entry that is running. A user has one timer, so a timer that is running on any
/// task is stopped first. The caller must be able to see the task. A service account gets 403
/// `forbidden`.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["tasks:read", "time-entries:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the task.")),
    responses((status = 201, description = "The running time entry.", body = TimeEntry)),
)]
#[post("/{id}/timer")]
pub(crate) async fn start_timer(caller: Caller, app: App, id: Id) -> Answered {
    let start = app.repository.write_once(
        &caller,
        caller.key(&app.repository, b""),
        id.0,
        |tx, id| Box::pin(time_entry::start(tx, *id)),
        |entry: &TimeEntry| {
            let collection = format!("tasks/{}/time-entries", entry.task_id);
            answer::created(&collection, entry.id, entry.version, entry)
        },
    );
    Ok(answer::kept(start.await?))
}

/// Stop the caller's timer on a task
///
/// Ends the running time entry now, or 24 hours after its start if that is earlier. The caller may
/// stop it even if they can no longer see the task. Fails with 409 `conflict` if the caller's timer
/// is not running on this task.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["tasks:read", "time-entries:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the task.")),
    responses((status = 200, description = "The stopped time entry.", body = TimeEntry)),
)]
#[post("/{id}/timer/stop")]
pub(crate) async fn stop_timer(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::change(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(time_entry::stop(tx, *id, pre)))
        .await
}
