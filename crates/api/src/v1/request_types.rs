//! Endpoints of request types: `/api/v1/request-types`.

use taskhub_domain::request::{RequestType, RequestTypeInput};

use super::endpoints::endpoints;

endpoints! {
    one "request type", many "request types", removal "was deleted";
    RequestType by RequestTypeInput, tagged "requests";
    /// List request types
    ///
    /// Returns the request types of the organisation. Every caller may list them.
    list_request_types;
    /// Create a request type
    ///
    /// Creates a request type. For managers and admins. The name must be unique in the
    /// organisation, ignoring case and spacing (409 `conflict`).
    create_request_type;
    /// Get a request type
    ///
    /// Returns the request type. Every caller may read it.
    get_request_type;
    /// Replace a request type
    ///
    /// Sets all writable fields; an optional field that is absent becomes null. For managers and
    /// admins.
    replace_request_type;
    /// Update a request type
    ///
    /// Changes the fields that are sent. For managers and admins.
    update_request_type;
    /// Delete a request type
    ///
    /// Deletes the request type permanently. For admins. A type that requests still have cannot be
    /// deleted: 409 `in_use`.
    delete_request_type;
    /// List the history of a request type
    list_request_type_history;
}
