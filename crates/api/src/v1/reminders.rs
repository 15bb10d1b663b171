//! `/api/v1/tasks/{id}/reminders`.

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::reminder::{Reminder, ReminderInput};

use super::{
    App,
    noun::{self, history},
};
use crate::{
    answer::{Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Once, Parameters, Within},
};

/// List one's reminders of a task
#[utoipa::path(tag = "reminders", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "A page of reminders.", body = List<Reminder>)))]
#[get("/{id}/reminders")]
pub(crate) async fn list_reminders(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list_within::<Reminder>(&caller, &app, id, &query, &request).await
}

/// Ask to be reminded of a task
///
/// At an instant, or so many minutes before it is due. It fires once, as a notification; of a task that is done or cancelled by then nobody is
/// reminded. At most 20 of a task.
#[utoipa::path(tag = "reminders", params(("id" = uuid::Uuid, Path, description = "The task's id.")), request_body = ReminderInput, responses((status = 201, description = "The new reminder.", body = Reminder)))]
#[post("/{id}/reminders")]
pub(crate) async fn create_reminder(
    caller: Caller,
    app: App,
    id: Id,
    once: Once,
    body: Body<ReminderInput>,
) -> Answered {
    noun::create_within::<Reminder>(&caller, &app, id, &once, body).await
}

/// Get a reminder
///
/// One's own: to others it is not there.
#[utoipa::path(tag = "reminders", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("reminder_id" = uuid::Uuid, Path, description = "The reminder's id.")), responses((status = 200, description = "The reminder.", body = Reminder)))]
#[get("/{id}/reminders/{reminder_id}")]
pub(crate) async fn get_reminder(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_within_then::<Reminder>(&caller, &app, ids, query, &known).await
}

/// Replace a reminder
///
/// One's own. One that is set anew fires anew.
#[utoipa::path(tag = "reminders", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("reminder_id" = uuid::Uuid, Path, description = "The reminder's id.")), request_body = ReminderInput, responses((status = 200, description = "The changed reminder.", body = Reminder)))]
#[put("/{id}/reminders/{reminder_id}")]
pub(crate) async fn replace_reminder(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
    body: Body<ReminderInput>,
) -> Answered {
    noun::update_within::<Reminder>(&caller, &app, ids, pre, body).await
}

/// Change a reminder
///
/// One's own. One that is set anew fires anew.
#[utoipa::path(tag = "reminders", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("reminder_id" = uuid::Uuid, Path, description = "The reminder's id.")), request_body = ReminderInput, responses((status = 200, description = "The changed reminder.", body = Reminder)))]
#[patch("/{id}/reminders/{reminder_id}")]
pub(crate) async fn update_reminder(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
    body: Body<ReminderInput>,
) -> Answered {
    noun::update_within::<Reminder>(&caller, &app, ids, pre, body).await
}

/// Delete a reminder
///
/// One's own.
#[utoipa::path(tag = "reminders", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("reminder_id" = uuid::Uuid, Path, description = "The reminder's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}/reminders/{reminder_id}")]
pub(crate) async fn delete_reminder(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    noun::remove_within::<Reminder>(&caller, &app, ids, pre).await
}

history! {
    Reminder, tagged "reminders", at "/{id}/reminders/{reminder_id}/history", by "reminder_id";
    /// List what happened to a reminder
    list_reminder_history;
}
