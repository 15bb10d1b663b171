//! Endpoints of client requests: `/api/v1/requests`.

use actix_web::{HttpRequest, HttpResponse};
use taskhub_domain::{
    bulk::{BulkInput, BulkResult},
    request::{self, ClientRequest, ClientRequestInput, RequestStatusInput, RequestsDashboard},
};

use super::{App, endpoints::endpoints, resource};
use crate::http::{
    answer::Answered,
    extract::{Body, Caller, Id, IfMatch},
};

endpoints! {
    one "request", many "requests", removal "was deleted";
    ClientRequest by ClientRequestInput, tagged "requests";
    /// List requests
    ///
    /// Returns the client requests of the organisation. Every caller may list them.
    list_requests;
    /// Create a request
    ///
    /// Creates a client request. Every caller may create one. Its status is `pending` unless the
    /// body sets `in_progress`; a request cannot be created as `completed` (409 `conflict`). The
    /// assignee is notified, unless the caller is the assignee.
    create_request;
    /// Get a request
    ///
    /// Returns the client request. Every caller may read it.
    get_request;
    /// Replace a request
    ///
    /// Sets all writable fields; an optional field that is absent becomes null, but an absent
    /// `status` stays. The status follows the rules of `PATCH /api/v1/requests/{id}/status`. Every
    /// caller may replace a request. A new assignee other than the caller is notified.
    replace_request;
    /// Update a request
    ///
    /// Changes the fields that are sent. The status follows the rules of
    /// `PATCH /api/v1/requests/{id}/status`. Every caller may update a request. A new
    /// assignee other than the caller is notified.
    update_request;
    /// Delete a request
    ///
    /// Deletes the client request permanently. For admins.
    delete_request;
    /// List the history of a request
    list_request_history;
}

/// Create, update and delete requests in bulk
///
/// Applies up to 100 operations in order, in one transaction: either all of them take effect or
/// none. Each operation is authorised and validated as a single request would be.
#[utoipa::path(
    tag = "requests",
    security(("token" = ["requests:write"])),
    request_body = BulkInput,
    responses(
        (
            status = 200,
            description = "The result of each operation, in the order of the request.",
            body = BulkResult<ClientRequest>,
        ),
    ),
)]
#[post("/bulk")]
pub(crate) async fn change_requests(
    caller: Caller,
    app: App,
    request: HttpRequest,
    body: Body<BulkInput>,
) -> Answered {
    resource::bulk::<ClientRequest>(&caller, &app, &request, body).await
}

/// Get the dashboard of requests
///
/// Returns the number of client requests by status: in total, for each client and for each type.
/// Also returns the age of the oldest request that is not completed. Every caller may read it.
#[utoipa::path(
    tag = "requests",
    security(("token" = ["clients:read", "request-types:read", "requests:read"])),
    responses(
        (status = 200, description = "The statistics of all requests.", body = RequestsDashboard),
    ),
)]
#[get("/dashboard")]
pub(crate) async fn get_requests_dashboard(caller: Caller, app: App) -> Answered {
    Ok(HttpResponse::Ok().json(request::dashboard(&app.repository, &caller).await?))
}

/// Update the status of a request
///
/// Moves the request to another status: from `pending` to `in_progress`, and from there to
/// `completed`. Every caller may do that. A step from `pending` to `completed` gets 409 `conflict`.
/// Only managers and admins may move a request back; other callers get 403 `forbidden`.
#[utoipa::path(
    tag = "requests",
    security(("token" = ["requests:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the request.")),
    request_body = RequestStatusInput,
    responses((status = 200, description = "The request after the change.", body = ClientRequest)),
)]
#[patch("/{id}/status")]
pub(crate) async fn update_request_status(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<RequestStatusInput>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    resource::change(&caller, &app, &body.bytes, input, |tx, (id, body, pre)| {
        Box::pin(request::set_status(tx, *id, body, pre))
    })
    .await
}
