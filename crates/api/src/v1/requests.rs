//! `/api/v1/requests`.

use actix_web::{HttpRequest, HttpResponse};
use taskhub_domain::{
    bulk::{BulkInput, BulkResult},
    request::{self, ClientRequest, ClientRequestInput, RequestStatusInput, RequestsDashboard},
};

use super::{App, endpoints::endpoints, noun};
use crate::{
    answer::Answered,
    extract::{Body, Caller, Id, IfMatch},
};

endpoints! {
    one "request", many "requests", removal "was deleted";
    ClientRequest by ClientRequestInput, tagged "requests";
    /// List requests
    list_requests;
    /// Create a request
    ///
    /// It is pending, unless it says that it is in progress.
    create_request;
    /// Get a request
    get_request;
    /// Replace a request
    ///
    /// All writable fields: what is absent gets its default. An absent status stays.
    replace_request;
    /// Change a request
    ///
    /// A status goes by the same rules as by `/status`.
    update_request;
    /// Delete a request
    ///
    /// For admins.
    delete_request;
    /// List what happened to a request
    list_request_history;
}

/// Create, change and delete requests together
///
/// At most 100, one after the other, each judged and validated by itself: all of them or none. A
/// status goes by the same rules as by `/status`.
#[utoipa::path(tag = "requests", request_body = BulkInput, responses((status = 200, description = "What came of each.", body = BulkResult<ClientRequest>)))]
#[post("/bulk")]
pub(crate) async fn change_requests(
    caller: Caller,
    app: App,
    request: HttpRequest,
    body: Body<BulkInput>,
) -> Answered {
    noun::bulk::<ClientRequest>(&caller, &app, &request, body).await
}

/// Get figures of all requests
///
/// How many there are by status, client and type, and for how long the oldest has been open.
#[utoipa::path(tag = "requests", responses((status = 200, description = "The requests at a glance.", body = RequestsDashboard)))]
#[get("/dashboard")]
pub(crate) async fn get_requests_dashboard(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(request::dashboard(&app.store, &caller).await?))
}

/// Change a request's status
///
/// From pending to in progress, and from there to completed. Managers and admins may also take it back.
#[utoipa::path(tag = "requests", params(("id" = uuid::Uuid, Path, description = "The request's id.")), request_body = RequestStatusInput, responses((status = 200, description = "The changed request.", body = ClientRequest)))]
#[patch("/{id}/status")]
pub(crate) async fn update_request_status(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<RequestStatusInput>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    noun::change(&caller, &app, &body.octets, input, |tx, (id, body, pre)| {
        Box::pin(request::set_status(tx, *id, body, pre))
    })
    .await
}
