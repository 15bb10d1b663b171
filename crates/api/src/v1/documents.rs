//! `/api/v1/documents`.

use actix_web::{HttpRequest, delete, get, patch, post, put};
use taskhub_domain::document::{self, Document, DocumentInput, DocumentSummary};

use super::App;
use crate::{
    answer::{self, Answered, List},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Once, Parameters},
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
    answer::list(&app, &request, document::list(&app.store, &caller, &query.0).await?)
}

/// Create a document
///
/// In a project that the caller sees. The caller is its author.
#[utoipa::path(tag = "documents", request_body = DocumentInput, responses((status = 201, description = "The new document.", body = Document)))]
#[post("")]
pub(crate) async fn create_document(
    caller: Caller,
    app: App,
    once: Once,
    body: Body<DocumentInput>,
) -> Answered {
    let key = once.key(&app.store, &caller, &body.octets);
    let create = app.store.write_once(
        &caller,
        key,
        body.input,
        |tx, input| Box::pin(document::create(tx, input)),
        |document: &Document| answer::created("documents", document.id, document.version, document),
    );
    Ok(answer::kept(create.await?))
}

/// Get a document
#[utoipa::path(tag = "documents", params(("id" = uuid::Uuid, Path, description = "The document's id.")), responses((status = 200, description = "The document.", body = Document)))]
#[get("/{id}")]
pub(crate) async fn get_document(caller: Caller, app: App, id: Id, known: IfNoneMatch) -> Answered {
    let document = document::get(&app.store, &caller, id.0).await?;
    Ok(answer::resource(&known, document.version, &document))
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
    let input = (id.0, body.input, pre.0);
    let write = app
        .store
        .write(&caller, input, |tx, (id, body, pre)| Box::pin(document::update(tx, *id, body, false, pre)));
    let document = write.await?;
    Ok(answer::changed(document.version, &document))
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
    let input = (id.0, body.input, pre.0);
    let write = app
        .store
        .write(&caller, input, |tx, (id, body, pre)| Box::pin(document::update(tx, *id, body, true, pre)));
    let document = write.await?;
    Ok(answer::changed(document.version, &document))
}

/// Delete a document
#[utoipa::path(tag = "documents", params(("id" = uuid::Uuid, Path, description = "The document's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}")]
pub(crate) async fn delete_document(caller: Caller, app: App, id: Id, pre: IfMatch) -> Answered {
    app.store.write(&caller, (id.0, pre.0), |tx, (id, pre)| Box::pin(document::remove(tx, *id, pre))).await?;
    Ok(answer::removed())
}
