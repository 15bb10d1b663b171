//! Endpoints of documents: `/api/v1/documents`. Their content and versions are in
//! [`contents`](super::contents).

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::{
    bulk::{BulkInput, BulkResult},
    document::{Document, DocumentInput, DocumentSummary},
};

use super::{App, endpoints::history, resource};
use crate::http::{
    answer::{Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
    parameters::ListOf,
};

/// List documents
///
/// Returns the documents in projects that the caller sees. List entries leave out the text and the
/// file: get a single document for these.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:read"])),
    params(ListOf<Document>),
    responses(
        (
            status = 200,
            description = "One page of documents, without their content.",
            body = List<DocumentSummary>,
        ),
    ),
)]
#[get("")]
pub(crate) async fn list_documents(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<Document>(&caller, &app, (), &query, &request).await
}

/// Create a document
///
/// Creates a document in a project that the caller sees. The caller becomes its author. The text is
/// saved as the first version. To store a file, replace the content of the new document.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:write"])),
    request_body = DocumentInput,
    responses((status = 201, description = "The new document.", body = Document)),
)]
#[post("")]
pub(crate) async fn create_document(caller: Caller, app: App, body: Body<DocumentInput>) -> Answered {
    resource::create::<Document>(&caller, &app, (), body).await
}

/// Get a document
///
/// Returns the document with its text and the metadata of its stored file. Every caller who sees
/// the project may read it.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the document."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The document.", body = Document)),
)]
#[get("/{id}")]
pub(crate) async fn get_document(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    resource::get_then::<Document>(&caller, &app, id, query, &known).await
}

/// Replace a document
///
/// Sets the title, project and text of the document; `content` is empty unless it is sent. A stored
/// file stays. For the author, managers of the project and admins. A change of the title or text is
/// saved as a new version.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the document.")),
    request_body = DocumentInput,
    responses((status = 200, description = "The document after the change.", body = Document)),
)]
#[put("/{id}")]
pub(crate) async fn replace_document(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<DocumentInput>,
) -> Answered {
    resource::update::<Document>(&caller, &app, id, pre, body).await
}

/// Update a document
///
/// Changes the fields that are sent. For the author, managers of the project and admins. A change
/// of the title or text is saved as a new version.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the document.")),
    request_body = DocumentInput,
    responses((status = 200, description = "The document after the change.", body = Document)),
)]
#[patch("/{id}")]
pub(crate) async fn update_document(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<DocumentInput>,
) -> Answered {
    resource::update::<Document>(&caller, &app, id, pre, body).await
}

/// Delete a document
///
/// Deletes the document with all versions and their stored files, permanently. The files no longer
/// count towards the quota of the organisation. For the author, managers of the project and admins.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:write"])),
    params(("id" = uuid::Uuid, Path, description = "The id of the document.")),
    responses((status = 204, description = "No content: the document was deleted.")),
)]
#[delete("/{id}")]
pub(crate) async fn delete_document(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    resource::remove::<Document>(&caller, &app, id, pre).await
}

/// Create, update and delete documents in bulk
///
/// Applies up to 100 operations in order, in one transaction: either all of them take effect or
/// none. Each operation is authorised and validated as a single request would be.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:write"])),
    request_body = BulkInput,
    responses(
        (
            status = 200,
            description = "The result of each operation, in the order of the request.",
            body = BulkResult<Document>,
        ),
    ),
)]
#[post("/bulk")]
pub(crate) async fn change_documents(
    caller: Caller,
    app: App,
    request: HttpRequest,
    body: Body<BulkInput>,
) -> Answered {
    resource::bulk::<Document>(&caller, &app, &request, body).await
}

history! {
    one "document";
    Document, tagged "documents";
    /// List the history of a document
    list_document_history;
}
