//! `/api/v1/request-types`.

use taskhub_domain::request::{RequestType, RequestTypeInput};

use super::endpoints::endpoints;

endpoints! {
    one "request type", many "request types", removal "was deleted";
    RequestType by RequestTypeInput, tagged "requests";
    /// List request types
    list_request_types;
    /// Create a request type
    ///
    /// For managers and admins. No two have the same name.
    create_request_type;
    /// Get a request type
    get_request_type;
    /// Replace a request type
    ///
    /// For managers and admins. All writable fields: what is absent gets its default.
    replace_request_type;
    /// Change a request type
    ///
    /// For managers and admins.
    update_request_type;
    /// Delete a request type
    ///
    /// For admins: one that no request has any more.
    delete_request_type;
    /// List what happened to a kind of request
    list_request_type_history;
}
