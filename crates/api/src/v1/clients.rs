//! `/api/v1/clients`.

use actix_web::HttpRequest;
use taskhub_domain::{
    client::{Client, ClientInput},
    request::{self, ClientRequest},
};

use super::{App, endpoints::endpoints};
use crate::{
    answer::{self, Answered, List},
    extract::{Caller, Id, Parameters},
};

endpoints! {
    one "client", many "clients", removal "was deleted";
    Client by ClientInput, tagged "clients";
    /// List clients
    list_clients;
    /// Create a client
    ///
    /// For managers and admins. No two have the same name.
    create_client;
    /// Get a client
    get_client;
    /// Replace a client
    ///
    /// For managers and admins. All writable fields: what is absent gets its default.
    replace_client;
    /// Change a client
    ///
    /// For managers and admins.
    update_client;
    /// Delete a client
    ///
    /// For admins: one that has no requests any more.
    delete_client;
    /// List what happened to a client
    list_client_history;
}

/// List a client's requests
#[utoipa::path(tag = "clients", params(("id" = uuid::Uuid, Path, description = "The client's id.")), responses((status = 200, description = "A page of requests.", body = List<ClientRequest>)))]
#[get("/{id}/requests")]
pub(crate) async fn list_client_requests(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    answer::list(&app, &request, request::of_client(&app.store, &caller, id.0, &query.0).await?)
}
