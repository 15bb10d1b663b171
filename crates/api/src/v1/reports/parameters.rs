//! The query parameters of the reports.

use taskhub_domain::report::Every;
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use crate::http::parameters::{date_time, one_of, optional, required, uuid};

/// The formats of a report without a chart.
pub(super) const TABLE: &[&str] = &["json", "csv"];
/// The formats of a report with a chart.
pub(super) const CHART: &[&str] = &["json", "csv", "svg"];

/// The parameters of every report.
fn of_every_report(formats: &[&str]) -> Vec<Parameter> {
    vec![
        optional(
            "from",
            "The start of the period (RFC 3339), inclusive. Default: 30 days before its end.",
            date_time(),
        ),
        optional(
            "to",
            "The end of the period (RFC 3339), exclusive, at most 366 days after its start. Default: 30 days after `from`, or now when `from` is absent as well.",
            date_time(),
        ),
        optional(
            "format",
            "The format of the response. Default: the first of these formats in `Accept`, or else `json`.",
            one_of(formats, None),
        ),
    ]
}

/// The parameters of a report with a chart.
pub(super) struct WithChart;

impl IntoParams for WithChart {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        of_every_report(CHART)
    }
}

pub(super) struct OfUser;

impl IntoParams for OfUser {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let user = optional("user", "The id of the user. Default: the caller.", uuid());
        [vec![user], of_every_report(TABLE)].concat()
    }
}

pub(super) struct OfTeam;

impl IntoParams for OfTeam {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        [vec![required("team", "The id of the team.", uuid())], of_every_report(TABLE)].concat()
    }
}

pub(super) struct OfCompletion;

impl IntoParams for OfCompletion {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let own = vec![
            optional(
                "every",
                "Whether each line is for a day or a week. Days and weeks are in UTC, and weeks begin on Monday.",
                one_of(&Every::WORDS, Some("day")),
            ),
            optional(
                "project",
                "The id of a project, to count only its tasks. Default: all tasks that count for the caller.",
                uuid(),
            ),
        ];
        [own, of_every_report(CHART)].concat()
    }
}
