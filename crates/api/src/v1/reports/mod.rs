//! Endpoints of reports: `/api/v1/reports`.
//!
//! A report is sent as JSON, as CSV and, where there is a chart, as SVG. JSON says in `truncated`
//! whether lines were cut off; CSV says it in the header `X-Truncated`.
//!
//! Invariant: an SVG contains names that users chose, so it is sent with a policy under which
//! nothing in it runs or loads.

mod parameters;

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, HeaderName, HeaderValue},
};
use serde::Serialize;
use taskhub_domain::{
    Context, Error, Result,
    report::{
        self, CompletionBucket, Every, Period, PersonFigures, ProjectTime, Report, TeamFigures, TeamReport,
        Workload,
    },
};

use self::parameters::{CHART, OfCompletion, OfTeam, OfUser, TABLE, WithChart};
use super::App;
use crate::http::{
    answer::Answered,
    chart::{Chart, Kind},
    export::{self, Line},
    extract::{Caller, Parameters},
    problem::{Code, Problem},
};

/// Get the report of a user
///
/// Returns statistics about one user over the period: assigned tasks, tasks completed on time and
/// late, and tracked time. Callers get complete statistics about themselves, and admins about every
/// user. Other callers get statistics only from the projects that they manage. Tasks and time that
/// the caller may not see count as zero.
#[utoipa::path(
    tag = "reports",
    security(("token" = ["reports:read"])),
    params(OfUser),
    responses(
        (
            status = 200,
            description = "The report, with one line.",
            content((Report<PersonFigures> = "application/json"), (String = "text/csv")),
        ),
    ),
    extensions(("x-problems" = json!([Code::NotFound]))),
)]
#[get("/individual")]
pub(crate) async fn get_individual_report(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (period, format) = asked(&caller, &mut query, &request, false)?;
    let user = query.take_id("user", "an id")?;
    let report = report::individual(&app.repository, &caller, period, user).await?;
    answer(format, "individual", &report, None)
}

/// Get the report of a team
///
/// Returns statistics from the projects of the team, with one line for each person and a total. The
/// members and the manager of the team have a line. Other assignees of its tasks, and deleted users
/// who tracked time on them in the period, also have one. The manager of the team and admins get
/// all lines. Other callers get only their own line. In CSV, the last line is the total.
#[utoipa::path(
    tag = "reports",
    security(("token" = ["reports:read"])),
    params(OfTeam),
    responses(
        (
            status = 200,
            description = "The report, with one line for each person and a total.",
            content((TeamReport = "application/json"), (String = "text/csv")),
        ),
    ),
    extensions(("x-problems" = json!([Code::NotFound]))),
)]
#[get("/team")]
pub(crate) async fn get_team_report(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (period, format) = asked(&caller, &mut query, &request, false)?;
    let team = query.take_id("team", "an id")?;
    let team = team.ok_or_else(|| Error::parameter("team", "This parameter is required, once."))?;
    let report = report::team(&app.repository, &caller, period, team).await?;
    if format != Format::Csv {
        return Ok(HttpResponse::Ok().json(report));
    }
    let people = report.results.iter().map(TeamLine::Person);
    let lines: Vec<_> = people.chain([TeamLine::Total(&report.total)]).collect();
    file("team", &lines, report.truncated)
}

/// Get the workload report
///
/// Returns the open tasks of each assignee, and how many of them are in progress, overdue, due in
/// the period and without an estimate. The assignees with the most open tasks come first. Admins
/// get all tasks. Other callers get the tasks that they are assigned and those of the projects that
/// they manage.
#[utoipa::path(
    tag = "reports",
    security(("token" = ["reports:read"])),
    params(WithChart),
    responses(
        (
            status = 200,
            description = "The report, with one line for each assignee.",
            content(
                (Report<Workload> = "application/json"),
                (String = "text/csv"),
                (String = "image/svg+xml"),
            ),
        ),
    ),
)]
#[get("/workload")]
pub(crate) async fn get_workload_report(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (period, format) = asked(&caller, &mut query, &request, true)?;
    let report = report::workload(&app.repository, &caller, period).await?;
    let bar = |line: &Workload| {
        let name = line.username.clone().unwrap_or_else(|| "(nobody)".to_owned());
        (name, vec![line.open, line.overdue])
    };
    let lines = report.results.iter().map(bar).collect();
    let chart = Chart { title: "Open tasks", kind: Kind::Bars, series: &["open", "overdue"], lines };
    answer(format, "workload", &report, Some(chart))
}

/// Get the completion report
///
/// Returns the numbers of tasks that were created, completed, and completed on time, for each day
/// or week of the period. Admins get all tasks. Other callers get the tasks that they are assigned
/// and those of the projects that they manage.
#[utoipa::path(
    tag = "reports",
    security(("token" = ["reports:read"])),
    params(OfCompletion),
    responses(
        (
            status = 200,
            description = "The report, with one line for each day or week.",
            content(
                (Report<CompletionBucket> = "application/json"),
                (String = "text/csv"),
                (String = "image/svg+xml"),
            ),
        ),
    ),
    extensions(("x-problems" = json!([Code::NotFound]))),
)]
#[get("/completion")]
pub(crate) async fn get_completion_report(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (period, format) = asked(&caller, &mut query, &request, true)?;
    let every = query.0.take_any("every")?.map(|every| every.parse::<Every>()).transpose()?;
    let project = query.take_id("project", "an id")?;
    let every = every.unwrap_or(Every::Day);
    let report = report::completion(&app.repository, &caller, period, every, project).await?;
    let point = |line: &CompletionBucket| (line.day.clone(), vec![line.created, line.completed]);
    let lines = report.results.iter().map(point).collect();
    let chart = Chart {
        title: "Tasks created and completed",
        kind: Kind::Lines,
        series: &["created", "completed"],
        lines,
    };
    answer(format, "completion", &report, Some(chart))
}

/// Get the report of time by project
///
/// Returns the time that was tracked on each project, from the time entries that began in the
/// period. The projects with the most time come first. Running timers do not count. Admins get all
/// time. Other callers get their own time and the time on the projects that they manage.
#[utoipa::path(
    tag = "reports",
    security(("token" = ["reports:read"])),
    params(WithChart),
    responses(
        (
            status = 200,
            description = "The report, with one line for each project.",
            content(
                (Report<ProjectTime> = "application/json"),
                (String = "text/csv"),
                (String = "image/svg+xml"),
            ),
        ),
    ),
)]
#[get("/time-by-project")]
pub(crate) async fn get_time_by_project_report(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (period, format) = asked(&caller, &mut query, &request, true)?;
    let report = report::time_by_project(&app.repository, &caller, period).await?;
    let bar = |line: &ProjectTime| {
        let name = match (&line.name, line.project_id) {
            (Some(name), _) => name.clone(),
            (None, Some(_)) => "(another project)".to_owned(),
            (None, None) => "(no project)".to_owned(),
        };
        (name, vec![line.seconds / 60])
    };
    let lines = report.results.iter().map(bar).collect();
    let chart = Chart { title: "Minutes by project", kind: Kind::Bars, series: &["minutes"], lines };
    answer(format, "time-by-project", &report, Some(chart))
}

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Svg,
}

impl Format {
    /// The first supported type in `Accept`, or JSON when it has none. The order decides; weights
    /// are ignored.
    fn accepted(request: &HttpRequest, drawn: bool) -> Self {
        let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let kinds = accept.unwrap_or_default().split(',');
        let known = kinds.filter_map(|kind| match kind.split(';').next().unwrap_or_default().trim() {
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            "text/csv" => Some(Self::Csv),
            "image/svg+xml" if drawn => Some(Self::Svg),
            _ => None,
        });
        known.into_iter().next().unwrap_or(Self::Json)
    }
}

/// The period and the format of a report, from the query string and `Accept`.
fn asked(
    ctx: &Context,
    query: &mut Parameters,
    request: &HttpRequest,
    drawn: bool,
) -> Result<(Period, Format), Problem> {
    let instant = "a timestamp (RFC 3339), like 2026-01-31T12:00:00Z";
    let (from, to) = (query.take("from", instant)?, query.take("to", instant)?);
    let format = match query.0.take_any("format")?.as_deref() {
        None => Format::accepted(request, drawn),
        Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        Some("svg") if drawn => Format::Svg,
        Some(_) => {
            let words = if drawn { CHART } else { TABLE }.join(", ");
            return Err(Error::parameter("format", format!("Must be one of: {words}.")).into());
        }
    };
    Ok((Period::of(from, to, ctx.now())?, format))
}

/// A report in the requested format.
fn answer<T: Line + Serialize>(
    format: Format,
    name: &str,
    report: &Report<T>,
    chart: Option<Chart<'_>>,
) -> Answered {
    match (format, chart) {
        (Format::Csv, _) => file(name, &report.results, report.truncated),
        (Format::Svg, Some(chart)) => Ok(HttpResponse::Ok()
            .content_type("image/svg+xml")
            // Users choose the names in the chart. Nothing in it may run or load, even when it is
            // opened as a page.
            .insert_header((
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'; sandbox",
            ))
            .body(chart.draw()?)),
        _ => Ok(HttpResponse::Ok().json(report)),
    }
}

/// A report as CSV; a header says whether lines were cut off.
fn file<T: Line>(name: &str, lines: &[T], truncated: bool) -> Answered {
    let mut file = export::lines(name, lines)?;
    let is_truncated = HeaderValue::from_static(if truncated { "true" } else { "false" });
    file.headers_mut().insert(HeaderName::from_static("x-truncated"), is_truncated);
    Ok(file)
}

/// A line of a team's report in CSV.
enum TeamLine<'a> {
    Person(&'a PersonFigures),
    Total(&'a TeamFigures),
}

impl Line for TeamLine<'_> {
    const COLUMNS: &'static [&'static str] = PersonFigures::COLUMNS;

    fn cells(&self) -> Vec<Cow<'_, str>> {
        match self {
            Self::Person(figures) => figures.cells(),
            Self::Total(total) => vec![
                "".into(),
                "(total)".into(),
                total.assigned.to_string().into(),
                total.completed.to_string().into(),
                total.on_time.to_string().into(),
                total.late.to_string().into(),
                total.overdue.to_string().into(),
                export::cell(total.mean_completion_seconds),
                total.tracked_seconds.to_string().into(),
                total.estimated_minutes.to_string().into(),
                total.estimated_tracked_seconds.to_string().into(),
                export::cell(total.estimate_ratio),
            ],
        }
    }
}

impl Line for PersonFigures {
    const COLUMNS: &'static [&'static str] = &[
        "user_id",
        "username",
        "assigned",
        "completed",
        "on_time",
        "late",
        "overdue",
        "mean_completion_seconds",
        "tracked_seconds",
        "estimated_minutes",
        "estimated_tracked_seconds",
        "estimate_ratio",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.user_id.to_string().into(),
            self.username.as_deref().unwrap_or_default().into(),
            self.assigned.to_string().into(),
            self.completed.to_string().into(),
            self.on_time.to_string().into(),
            self.late.to_string().into(),
            self.overdue.to_string().into(),
            export::cell(self.mean_completion_seconds),
            self.tracked_seconds.to_string().into(),
            self.estimated_minutes.to_string().into(),
            self.estimated_tracked_seconds.to_string().into(),
            export::cell(self.estimate_ratio),
        ]
    }
}

impl Line for Workload {
    const COLUMNS: &'static [&'static str] =
        &["user_id", "username", "open", "in_progress", "overdue", "due", "unestimated", "estimated_minutes"];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            export::cell(self.user_id),
            self.username.as_deref().unwrap_or_default().into(),
            self.open.to_string().into(),
            self.in_progress.to_string().into(),
            self.overdue.to_string().into(),
            self.due.to_string().into(),
            self.unestimated.to_string().into(),
            self.estimated_minutes.to_string().into(),
        ]
    }
}

impl Line for CompletionBucket {
    const COLUMNS: &'static [&'static str] =
        &["day", "created", "completed", "on_time", "late", "on_time_rate", "mean_completion_seconds"];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.day.as_str().into(),
            self.created.to_string().into(),
            self.completed.to_string().into(),
            self.on_time.to_string().into(),
            self.late.to_string().into(),
            export::cell(self.on_time_rate),
            export::cell(self.mean_completion_seconds),
        ]
    }
}

impl Line for ProjectTime {
    const COLUMNS: &'static [&'static str] = &["project_id", "name", "people", "tasks", "entries", "seconds"];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            export::cell(self.project_id),
            self.name.as_deref().unwrap_or_default().into(),
            self.people.to_string().into(),
            self.tasks.to_string().into(),
            self.entries.to_string().into(),
            self.seconds.to_string().into(),
        ]
    }
}
