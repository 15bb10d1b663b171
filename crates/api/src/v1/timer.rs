//! `/api/v1/timer`, and that of a task.

use actix_web::{HttpResponse, get, post};
use taskhub_domain::time_entry::{self, TimeEntry, Timer};

use super::{App, noun};
use crate::{
    answer::{self, Answered},
    extract::{Caller, Id, IfMatch},
};

/// Get one's timer
///
/// The caller's entry that runs, if one does.
#[utoipa::path(tag = "time-entries", responses((status = 200, description = "The timer.", body = Timer)))]
#[get("")]
pub(crate) async fn get_timer(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(time_entry::timer(&app.store, &caller).await?))
}

/// Start one's timer on a task
///
/// One that runs, on whatever task, is stopped first: a user has one timer.
#[utoipa::path(tag = "time-entries", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 201, description = "The entry that runs.", body = TimeEntry)))]
#[post("/{id}/timer")]
pub(crate) async fn start_timer(caller: Caller, app: App, id: Id) -> Answered {
    let start = app.store.write_once(
        &caller,
        caller.key(&app.store, b""),
        id.0,
        |tx, id| Box::pin(time_entry::start(tx, *id)),
        |entry: &TimeEntry| {
            let collection = format!("tasks/{}/time-entries", entry.task_id);
            answer::created(&collection, entry.id, entry.version, entry)
        },
    );
    Ok(answer::kept(start.await?))
}

/// Stop one's timer on a task
///
/// It ends now, or 24 hours after its start if that is earlier. Without a timer that runs on the task it is a conflict.
#[utoipa::path(tag = "time-entries", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "The entry, ended.", body = TimeEntry)))]
#[post("/{id}/timer/stop")]
pub(crate) async fn stop_timer(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    noun::change(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(time_entry::stop(tx, *id, pre))).await
}
