//! `/api/v1/documents`.

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::{
    bulk::{BulkInput, BulkResult},
    document::{Document, DocumentInput, DocumentSummary},
};

use super::{App, endpoints::history, noun};
use crate::{
    answer::{Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters},
};

/// List documents
///
/// Without their contents.
#[utoipa::path(tag = "documents", responses((status = 200, description = "A page of documents.", body = List<DocumentSummary>)))]
#[get("")]
pub(crate) async fn list_documents(
    caller: Caller,
    app: App,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list::<Document>(&caller, &app, &query, &request).await
}

/// Create a document
///
/// In a project that the caller sees. The caller is its author.
#[utoipa::path(tag = "documents", request_body = DocumentInput, responses((status = 201, description = "The new document.", body = Document)))]
#[post("")]
pub(crate) async fn create_document(caller: Caller, app: App, body: Body<DocumentInput>) -> Answered {
    noun::create::<Document>(&caller, &app, body).await
}

/// Get a document
#[utoipa::path(tag = "documents", params(("id" = uuid::Uuid, Path, description = "The document's id.")), responses((status = 200, description = "The document.", body = Document)))]
#[get("/{id}")]
pub(crate) async fn get_document(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_then::<Document>(&caller, &app, id, query, &known).await
}

/// Replace a document
///
/// All writable fields: what is absent gets its default.
#[utoipa::path(tag = "documents", params(("id" = uuid::Uuid, Path, description = "The document's id.")), request_body = DocumentInput, responses((status = 200, description = "The changed document.", body = Document)))]
#[put("/{id}")]
pub(crate) async fn replace_document(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<DocumentInput>,
) -> Answered {
    noun::update::<Document>(&caller, &app, id, pre, body).await
}

/// Change a document
#[utoipa::path(tag = "documents", params(("id" = uuid::Uuid, Path, description = "The document's id.")), request_body = DocumentInput, responses((status = 200, description = "The changed document.", body = Document)))]
#[patch("/{id}")]
pub(crate) async fn update_document(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    body: Body<DocumentInput>,
) -> Answered {
    noun::update::<Document>(&caller, &app, id, pre, body).await
}

/// Delete a document
#[utoipa::path(tag = "documents", params(("id" = uuid::Uuid, Path, description = "The document's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_document(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    noun::remove::<Document>(&caller, &app, id, pre).await
}

/// Create, change and delete documents together
///
/// At most 100, one after the other, each judged and validated by itself: all of them or none.
#[utoipa::path(tag = "documents", request_body = BulkInput, responses((status = 200, description = "What came of each.", body = BulkResult<Document>)))]
#[post("/bulk")]
pub(crate) async fn change_documents(
    caller: Caller,
    app: App,
    request: HttpRequest,
    body: Body<BulkInput>,
) -> Answered {
    noun::bulk::<Document>(&caller, &app, &request, body).await
}

history! {
    one "document";
    Document, tagged "documents";
    /// List what happened to a document
    list_document_history;
}
