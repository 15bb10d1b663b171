//! `/api/v1/search`.

use actix_web::{HttpResponse, get};
use taskhub_domain::search::{self, SearchResults};

use super::App;
use crate::{
    answer::Answered,
    extract::{Caller, Parameters},
};

/// Search rows
///
/// Tasks, comments, projects, documents and requests that the caller sees and that hold all of some words, the ones that fit best first. Of each kind the newest
/// 200 are ranked, and `truncated` says whether there are more; the lists take the same words as `q`, and know all. Rows of kinds that a filter is
/// unknown to are not found with it.
#[utoipa::path(tag = "search", responses((status = 200, description = "What was found.", body = SearchResults)))]
#[get("")]
pub(crate) async fn search_rows(caller: Caller, app: App, query: Parameters) -> Answered {
    Ok(HttpResponse::Ok().json(search::search(&app.store, &caller, &query.0).await?))
}
