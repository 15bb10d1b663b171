//! `/api/v1/time-entries`, and those of a task.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse};
use taskhub_domain::{
    report::{self, By, TimeTotals},
    time_entry::{self, TimeEntry, TimeEntryInput},
};

use super::{App, endpoints::endpoints_within, noun};
use crate::{
    answer::{self, Answered, List},
    export::{self, Line},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
};

/// List time entries
///
/// Of all tasks: the caller's own, those of projects that they manage, and to admins all.
#[utoipa::path(tag = "time-entries", responses((status = 200, description = "A page of time entries.", body = List<TimeEntry>)))]
#[get("")]
pub(crate) async fn list_time_entries(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, time_entry::list(&app.store, &caller, &query.0).await?)
}

/// Sum up time entries
///
/// By task, project, user or day (of their start, in UTC), over those that the caller sees and the filters leave. Timers that run don't count.
#[utoipa::path(tag = "time-entries", responses((status = 200, description = "The totals.", body = TimeTotals)))]
#[get("/totals")]
pub(crate) async fn get_time_totals(caller: Caller, app: App, mut query: Parameters) -> Answered {
    let by: By = query.0.take("by")?.parse()?;
    Ok(HttpResponse::Ok().json(report::totals(&app.store, &caller, &query.0, by).await?))
}

/// Export time entries
///
/// A file of all entries that the caller sees and the filters leave, in UTF-8. A cell that a spreadsheet would take for a formula is led by an
/// apostrophe.
#[utoipa::path(tag = "time-entries", responses((status = 200, description = "The file.", body = String, content_type = "text/csv", example = "id,task_id,user_id,started_at,ended_at,seconds,note\r\n")))]
#[get("/export")]
pub(crate) async fn export_time_entries(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (store, query) = (app.store.clone(), query.0);
    export::csv(&app, &request, "time-entries", move |cursor| {
        let (store, caller, query) = (store.clone(), caller.clone(), query.clone());
        async move { time_entry::export(&store, &caller, &query, cursor).await }
    })
    .await
}

impl Line for TimeEntry {
    const COLUMNS: &'static [&'static str] =
        &["id", "task_id", "user_id", "started_at", "ended_at", "seconds", "note"];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.id.to_string().into(),
            self.task_id.to_string().into(),
            self.user_id.to_string().into(),
            self.started_at.to_string().into(),
            export::cell(self.ended_at),
            export::cell(self.seconds),
            self.note.as_deref().unwrap_or_default().into(),
        ]
    }
}

endpoints_within! {
    one "time entry", many "time entries", of "task", removal "was deleted";
    TimeEntry by TimeEntryInput, tagged "time-entries", at "/{id}/time-entries", "/{id}/time-entries/{entry_id}", "/{id}/time-entries/{entry_id}/history", by "entry_id";
    /// List a task's time entries
    ///
    /// The caller's own; those of all to whoever manages the project, and to admins.
    list_task_time_entries;
    /// Enter time that was worked on a task
    ///
    /// The caller's own: from when, and either to when or for how many minutes. Entries may overlap.
    create_time_entry;
    /// Get a time entry
    get_time_entry;
    /// Replace a time entry
    ///
    /// For whoever worked, and admins. All writable fields: what is absent gets its default.
    replace_time_entry;
    /// Correct a time entry
    ///
    /// For whoever worked, and admins. An end that is given stops a timer that runs; an entry that has ended stays ended.
    update_time_entry;
    /// Delete a time entry
    ///
    /// For whoever worked, and admins.
    delete_time_entry;
    /// List what happened to a time entry
    list_time_entry_history;
}

/// Get a time entry by itself
///
/// Whoever worked sees it whether or not they still see its task, and if that is deleted.
#[utoipa::path(tag = "time-entries", params(("id" = uuid::Uuid, Path, description = "The entry's id.")), responses((status = 200, description = "The entry.", body = TimeEntry)))]
#[get("/{id}")]
pub(crate) async fn get_time_entry_by_id(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
    noun::get::<TimeEntry>(&caller, &app, id, &known).await
}

/// Replace a time entry by itself
///
/// For whoever worked, whether or not they still see its task, and admins. All writable fields: what is absent gets its default.
#[utoipa::path(tag = "time-entries", params(("id" = uuid::Uuid, Path, description = "The entry's id.")), request_body = TimeEntryInput, responses((status = 200, description = "The changed entry.", body = TimeEntry)))]
#[put("/{id}")]
pub(crate) async fn replace_time_entry_by_id(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<TimeEntryInput>,
) -> Answered {
    change(&caller, &app, id, pre, body).await
}

/// Correct a time entry by itself
///
/// For whoever worked, whether or not they still see its task, and admins. An end that is given stops a timer that runs.
#[utoipa::path(tag = "time-entries", params(("id" = uuid::Uuid, Path, description = "The entry's id.")), request_body = TimeEntryInput, responses((status = 200, description = "The changed entry.", body = TimeEntry)))]
#[patch("/{id}")]
pub(crate) async fn update_time_entry_by_id(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<TimeEntryInput>,
) -> Answered {
    change(&caller, &app, id, pre, body).await
}

/// Delete a time entry by itself
///
/// For whoever worked, whether or not they still see its task, and admins.
#[utoipa::path(tag = "time-entries", params(("id" = uuid::Uuid, Path, description = "The entry's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_time_entry_by_id(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    noun::remove::<TimeEntry>(&caller, &app, id, pre).await
}

async fn change(caller: &Caller, app: &App, id: Id, pre: IfMatch, body: Body<TimeEntryInput>) -> Answered {
    let input = (id.0, body.input, pre.0);
    noun::change(caller, app, &body.octets, input, |tx, (id, body, pre)| {
        Box::pin(time_entry::update(tx, *id, body, pre))
    })
    .await
}
