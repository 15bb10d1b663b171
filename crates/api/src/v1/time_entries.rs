//! The endpoints of time entries: all entries under `/api/v1/time-entries`, those of a task under
//! `/api/v1/tasks/{id}/time-entries`.
//!
//! An entry is reached through its task only by callers who can see the task. By its own id, the
//! user who worked always reaches it.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse};
use taskhub_domain::{
    report::{self, By, TimeTotals},
    time_entry::{self, TimeEntry, TimeEntryInput},
};
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::{App, endpoints::endpoints_within, resource};
use crate::http::{
    answer::{self, Answered, List},
    export::{self, Line},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
    parameters::{self, ExportOf, ListOf},
};

/// List time entries
///
/// Returns time entries of all tasks: those of the caller, and those in projects that the caller
/// manages. Admins see all entries. Entries on tasks in the trash are included.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["time-entries:read"])),
    params(ListOf<TimeEntry>),
    responses((status = 200, description = "One page of time entries.", body = List<TimeEntry>)),
)]
#[get("")]
pub(crate) async fn list_time_entries(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, time_entry::list(&app.repository, &caller, &query.0).await?)
}

/// The filters of time entries, and the grouping of their totals.
struct TotalsBy;

impl IntoParams for TotalsBy {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let by =
            parameters::required("by", "The grouping of the totals.", parameters::one_of(&By::WORDS, None));
        [vec![by], parameters::filters::<TimeEntry>()].concat()
    }
}

/// Get time totals
///
/// Adds up the time entries that the caller can see and that match the filters, by task, project,
/// user or day. A day is the UTC date on which an entry starts. Running timers are not counted. The
/// response has at most 400 totals.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["time-entries:read"])),
    params(TotalsBy),
    responses((status = 200, description = "The totals.", body = TimeTotals)),
)]
#[get("/totals")]
pub(crate) async fn get_time_totals(caller: Caller, app: App, mut query: Parameters) -> Answered {
    let by: By = query.0.take("by")?.parse()?;
    Ok(HttpResponse::Ok().json(report::totals(&app.repository, &caller, &query.0, by).await?))
}

/// Export time entries
///
/// Returns a CSV file in UTF-8 with all time entries that the caller can see and that match the
/// filters. A cell that a spreadsheet would read as a formula starts with an apostrophe.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["time-entries:read"])),
    params(ExportOf<TimeEntry>),
    responses(
        (
            status = 200,
            description = "The CSV file.",
            body = String,
            content_type = "text/csv",
            example = "id,task_id,user_id,started_at,ended_at,seconds,note\r\n"
        )
    ),
)]
#[get("/export")]
pub(crate) async fn export_time_entries(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (repository, query) = (app.repository.clone(), query.0);
    export::csv(&app, &request, "time-entries", move |cursor| {
        let (repository, caller, query) = (repository.clone(), caller.clone(), query.clone());
        async move { time_entry::export(&repository, &caller, &query, cursor).await }
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
    /// List the time entries of a task
    ///
    /// Returns the entries of the caller. A manager of the project or an admin sees the entries of
    /// all users.
    list_task_time_entries;
    /// Create a time entry
    ///
    /// Records time that the caller worked on a task that they can see. The body gives a start and
    /// either an end or a number of minutes. Entries of one user may overlap. A service account
    /// gets 403 `forbidden`.
    create_time_entry;
    /// Get a time entry of a task
    get_time_entry;
    /// Replace a time entry of a task
    ///
    /// Replaces all writable fields. A field that is absent from the body is set to its default.
    /// The user who worked or an admin may call it.
    replace_time_entry;
    /// Update a time entry of a task
    ///
    /// Changes the fields that are in the body (JSON merge patch, RFC 7396); null clears a field.
    /// The user who worked or an admin may call it. Setting an end or a number of minutes stops a
    /// running timer. The end of an entry can be changed but not removed.
    update_time_entry;
    /// Delete a time entry of a task
    ///
    /// Deletes the entry permanently. The user who worked or an admin may call it.
    delete_time_entry;
    /// List the history of a time entry
    list_time_entry_history;
}

/// Get a time entry
///
/// The user who worked, a manager of the project or an admin may read it. The user who worked reads
/// it even if they can no longer see the task, or the task is in the trash.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["time-entries:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the time entry."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The time entry.", body = TimeEntry)),
)]
#[get("/{id}")]
pub(crate) async fn get_time_entry_by_id(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
    let entry = time_entry::get(&app.repository, &caller, id.0).await?;
    Ok(answer::resource(&known, entry.version, &entry))
}

/// Replace a time entry
///
/// Replaces all writable fields. A field that is absent from the body is set to its default. The
/// user who worked or an admin may call it, even if they can no longer see the task.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["time-entries:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the time entry.")),
    request_body = TimeEntryInput,
    responses((status = 200, description = "The time entry after the change.", body = TimeEntry)),
)]
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

/// Update a time entry
///
/// Changes the fields that are in the body (JSON merge patch, RFC 7396); null clears a field. The
/// user who worked or an admin may call it, even if they can no longer see the task. Setting an end
/// or a number of minutes stops a running timer. The end of an entry can be changed but not
/// removed.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["time-entries:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the time entry.")),
    request_body = TimeEntryInput,
    responses((status = 200, description = "The time entry after the change.", body = TimeEntry)),
)]
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

/// Delete a time entry
///
/// Deletes the entry permanently. The user who worked or an admin may call it, even if they can no
/// longer see the task.
#[utoipa::path(
    tag = "time-entries",
    security(("token" = ["time-entries:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the time entry.")),
    responses((status = 204, description = "No content: the time entry was deleted.")),
)]
#[delete("/{id}")]
pub(crate) async fn delete_time_entry_by_id(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    let input = (id.0, pre.0);
    resource::finish(&caller, &app, b"", input, |tx, (id, pre)| Box::pin(time_entry::remove(tx, *id, pre)))
        .await
}

async fn change(caller: &Caller, app: &App, id: Id, pre: IfMatch, body: Body<TimeEntryInput>) -> Answered {
    let input = (id.0, body.input, pre.0);
    resource::change(caller, app, &body.bytes, input, |tx, (id, body, pre)| {
        Box::pin(time_entry::update(tx, *id, body, pre))
    })
    .await
}
