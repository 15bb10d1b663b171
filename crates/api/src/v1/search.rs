//! The endpoint of the search over several resources: `/api/v1/search`.

use actix_web::{HttpResponse, get};
use taskhub_domain::search::{self, SearchResults};
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::App;
use crate::http::{
    answer::Answered,
    extract::{Caller, Parameters},
    parameters::{WORDS, full_text, integer, optional, required, search_filters, several_of, uuid},
};

/// The query parameters of the search.
struct SearchParameters;

impl IntoParams for SearchParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let own = vec![
            required("q", WORDS, full_text()),
            optional(
                "noun",
                "The resource types to search, separated by commas. Default: all types that the scopes of the token allow.",
                several_of(search::RESOURCE_TYPES),
            ),
            optional(
                "project",
                "The id of a project, to search only the project, its tasks and their comments, and its documents.",
                uuid(),
            ),
            optional(
                "page_size",
                "The most results in the response.",
                integer(1, search::MOST, Some(search::SHOWN)),
            ),
        ];
        [own, search_filters()].concat()
    }
}

/// Search tasks, comments, projects, documents and requests
///
/// Returns the resources that contain all words of `q` and that the caller sees, best match first.
/// The newest 200 matches of each type are ranked; `truncated` says whether there are more. The
/// lists of these types accept the same `q` and return all matches. A filter excludes the types
/// that do not have it: with `status`, for example, no comments are found.
#[utoipa::path(
    tag = "search",
    security(("token" = [])),
    params(SearchParameters),
    responses((status = 200, description = "The best matches.", body = SearchResults)),
)]
#[get("")]
pub(crate) async fn search_rows(caller: Caller, app: App, query: Parameters) -> Answered {
    Ok(HttpResponse::Ok().json(search::search(&app.repository, &caller, &query.0).await?))
}
