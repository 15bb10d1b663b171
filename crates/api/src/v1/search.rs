//! The endpoint of the search over several resources: `/api/v1/search`.

use actix_web::{HttpResponse, get};
use taskhub_domain::search::{self, SearchResults};

use super::App;
use crate::http::{
    answer::Answered,
    extract::{Caller, Parameters},
};

/// Search tasks, comments, projects, documents and requests
///
/// Returns the resources that contain all words of `q` and that the caller sees, best match first.
/// The newest 200 matches of each type are ranked; `truncated` says whether there are more. The
/// lists of these types accept the same `q` and return all matches. A filter excludes the types
/// that do not have it: with `status`, for example, no comments are found.
#[utoipa::path(
    tag = "search",
    responses((status = 200, description = "The best matches.", body = SearchResults)),
)]
#[get("")]
pub(crate) async fn search_rows(caller: Caller, app: App, query: Parameters) -> Answered {
    Ok(HttpResponse::Ok().json(search::search(&app.repository, &caller, &query.0).await?))
}
