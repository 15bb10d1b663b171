//! `/api/v1/reports`: figures as JSON, as a file for a spreadsheet, and where a picture says it better as one. What JSON tells by `truncated`, a file
//! tells by the header `X-Truncated`.

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

use super::App;
use crate::{
    answer::Answered,
    chart::{Chart, Kind},
    export::{self, Line},
    extract::{Caller, Parameters},
    problem::Problem,
};

/// Get a person's figures
///
/// What they were assigned and completed, on time and late, and the time that they worked. Everybody gets their own. Of others, managers get what
/// belongs to the projects that they manage, and admins all; what does not count is zero.
#[utoipa::path(tag = "reports", responses((status = 200, description = "The report, of one line.", content((Report<PersonFigures> = "application/json"), (String = "text/csv")))))]
#[get("/individual")]
pub(crate) async fn get_individual_report(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (period, format) = asked(&caller, &mut query, &request, false)?;
    let user = query.take_id("user", "an id")?;
    let report = report::individual(&app.store, &caller, period, user).await?;
    answer(format, "individual", &report, None)
}

/// Get a team's figures
///
/// Those of its members, its manager and whoever is assigned there, from the team's projects, and
/// all together: to whoever manages the team and to admins, and to each of the others their own. A
/// team that the caller does not see is absent (404). The last line of the file is the total.
#[utoipa::path(tag = "reports", responses((status = 200, description = "The report, of a line a person.", content((TeamReport = "application/json"), (String = "text/csv")))))]
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
    let report = report::team(&app.store, &caller, period, team).await?;
    if format != Format::Csv {
        return Ok(HttpResponse::Ok().json(report));
    }
    let people = report.results.iter().map(TeamLine::Person);
    let lines: Vec<_> = people.chain([TeamLine::Total(&report.total)]).collect();
    file("team", &lines, report.truncated)
}

/// Get the workload
///
/// What everybody has open, as far as it counts for the caller: their own, what belongs to the projects that they manage, and to admins all.
#[utoipa::path(tag = "reports", responses((status = 200, description = "The report, of a line a person.", content((Report<Workload> = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
#[get("/workload")]
pub(crate) async fn get_workload_report(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (period, format) = asked(&caller, &mut query, &request, true)?;
    let report = report::workload(&app.store, &caller, period).await?;
    let bar = |line: &Workload| {
        let name = line.username.clone().unwrap_or_else(|| "(nobody)".to_owned());
        (name, vec![line.open, line.overdue])
    };
    let lines = report.results.iter().map(bar).collect();
    let chart = Chart { title: "Open tasks", kind: Kind::Bars, series: &["open", "overdue"], lines };
    answer(format, "workload", &report, Some(chart))
}

/// Get what was completed
///
/// How many tasks were made and completed, by the day or week, and how many of them on time, as far as they count for the caller.
#[utoipa::path(tag = "reports", responses((status = 200, description = "The report, of a line a day or week.", content((Report<CompletionBucket> = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
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
    let report = report::completion(&app.store, &caller, period, every, project).await?;
    let point = |line: &CompletionBucket| (line.day.clone(), vec![line.created, line.completed]);
    let lines = report.results.iter().map(point).collect();
    let chart =
        Chart { title: "Tasks made and completed", kind: Kind::Lines, series: &["made", "completed"], lines };
    answer(format, "completion", &report, Some(chart))
}

/// Get the time by project
///
/// The time that was worked in entries that began in the period, as far as it counts for the caller: their own, that of the projects that they
/// manage, and to admins all.
#[utoipa::path(tag = "reports", responses((status = 200, description = "The report, of a line a project.", content((Report<ProjectTime> = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
#[get("/time-by-project")]
pub(crate) async fn get_time_by_project_report(
    caller: Caller,
    app: App,
    mut query: Parameters,
    request: HttpRequest,
) -> Answered {
    let (period, format) = asked(&caller, &mut query, &request, true)?;
    let report = report::time_by_project(&app.store, &caller, period).await?;
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

/// What a report comes as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Svg,
}

impl Format {
    /// What `Accept` asks for first, among what there is; JSON when it asks for nothing of these. Weights are the order.
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

/// The period and the format of a report that the query string, or the request, asks for.
fn asked(
    ctx: &Context,
    query: &mut Parameters,
    request: &HttpRequest,
    drawn: bool,
) -> Result<(Period, Format), Problem> {
    let instant = "an instant as in RFC 3339, like 2026-01-31T12:00:00Z";
    let (from, to) = (query.take("from", instant)?, query.take("to", instant)?);
    let format = match query.0.take_any("format")?.as_deref() {
        None => Format::accepted(request, drawn),
        Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        Some("svg") if drawn => Format::Svg,
        Some(_) => {
            let words = if drawn { "json, csv, svg" } else { "json, csv" };
            return Err(Error::parameter("format", format!("Expected one of: {words}.")).into());
        }
    };
    Ok((Period::of(from, to, ctx.now())?, format))
}

/// A report in the format that was asked for.
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
            // The names in it are people's: whatever they are, nothing in it runs or loads, also when it is opened as a page.
            .insert_header((
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'; sandbox",
            ))
            .body(chart.draw()?)),
        _ => Ok(HttpResponse::Ok().json(report)),
    }
}

/// A report as a file, which tells by a header that it is cut.
fn file<T: Line>(name: &str, lines: &[T], truncated: bool) -> Answered {
    let mut file = export::lines(name, lines)?;
    let told = HeaderValue::from_static(if truncated { "true" } else { "false" });
    file.headers_mut().insert(HeaderName::from_static("x-truncated"), told);
    Ok(file)
}

/// A line of a team's file.
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
