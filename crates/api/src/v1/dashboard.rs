//! `/api/v1/dashboard`.

use actix_web::{HttpResponse, get};
use taskhub_domain::dashboard::{self, Dashboard};

use super::App;
use crate::{answer::Answered, extract::Caller};

/// Get one's dashboard
///
/// What the caller has to do, what is due and what is late, the timer that runs, and what changed of late among all that they see.
#[utoipa::path(tag = "tasks", responses((status = 200, description = "The dashboard.", body = Dashboard)))]
#[get("")]
pub(crate) async fn get_dashboard(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(dashboard::of(&app.store, &caller).await?))
}
