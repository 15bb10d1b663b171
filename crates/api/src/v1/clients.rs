//! Endpoints of clients: `/api/v1/clients`.

use actix_web::HttpRequest;
use taskhub_domain::{
    client::{Client, ClientInput},
    request::{self, ClientRequest},
};

use super::{App, endpoints::endpoints};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Caller, Id, Parameters},
    parameters::ListOf,
};

endpoints! {
    one "client", many "clients", removal "was deleted";
    Client by ClientInput, tagged "clients";
    /// List clients
    ///
    /// Returns the clients of the organisation. Every caller may list them.
    list_clients;
    /// Create a client
    ///
    /// Creates a client. For managers and admins. The name must be unique in the organisation,
    /// ignoring case and spacing (409 `conflict`).
    create_client;
    /// Get a client
    ///
    /// Returns the client. Every caller may read it.
    get_client;
    /// Replace a client
    ///
    /// Sets all writable fields; an optional field that is absent becomes null. For managers and
    /// admins.
    replace_client;
    /// Update a client
    ///
    /// Changes the fields that are sent. For managers and admins.
    update_client;
    /// Delete a client
    ///
    /// Deletes the client permanently. For admins. A client that still has requests cannot be
    /// deleted: 409 `in_use`.
    delete_client;
    /// List the history of a client
    list_client_history;
}

/// List the requests of a client
///
/// Returns the requests of the client. Every caller may list them.
#[utoipa::path(
    tag = "clients",
    security(("token" = ["clients:read", "requests:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the client."),
        ListOf<ClientRequest>,
    ),
    responses((status = 200, description = "One page of requests.", body = List<ClientRequest>)),
)]
#[get("/{id}/requests")]
pub(crate) async fn list_client_requests(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, request::of_client(&app.repository, &caller, id.0, &query.0).await?)
}
