//! `/api/v1/documents/{id}/content`, and `…/versions`.

use actix_web::{HttpRequest, HttpResponse, get, http::header, post, put};
use taskhub_domain::{
    document::{self, Document, DocumentVersion, DocumentVersionSummary},
    file::checked_name,
};

use super::{
    App,
    files::{self, FileForm, FileOrText, Octets, TEXT},
    noun,
};
use crate::{
    answer::{self, Answered, List},
    extract::{Caller, Id, IfMatch, IfNoneMatch, Parameters, Upload, Within},
    problem::ProblemBody,
};

/// Download a document's content
///
/// Its stored file, as `application/octet-stream` whatever it is, or else its text. One range can be asked for (RFC 9110 section 14). The `ETag` is
/// the document's version.
#[utoipa::path(tag = "documents", params(
    ("id" = uuid::Uuid, Path, description = "The document's id."),
    ("Range" = Option<String>, Header, description = "A range of octets, as `bytes=0-1023`."),
    ("If-Range" = Option<String>, Header, description = "The `ETag` of what the range is of: of another, all is sent."),
), responses(
    (status = 200, description = "The content.", content((Octets = "application/octet-stream"), (String = "text/markdown"))),
    (status = 206, description = "The range.", content((Octets = "application/octet-stream"), (String = "text/markdown"))),
    (status = 416, description = "There are no such octets: see `Content-Range`.", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/{id}/content")]
pub(crate) async fn get_document_content(
    caller: Caller,
    app: App,
    id: Id,
    known: IfNoneMatch,
    request: HttpRequest,
) -> Answered {
    let (content, version) = document::content(&app.store, &caller, id.0).await?;
    let tag = Some(format!("\"{version}\""));
    files::send_content(&request, &app, &caller, &known, content, tag).await
}

/// Replace a document's content
///
/// With a text (`text/markdown`, at most 200,000 characters), or with a file: any other content type, or a form with the file as its one part. A file
/// is stored beside the text; a text replaces a stored file. For its author, for whoever manages the project, and for admins. What was there is kept as a version.
#[utoipa::path(tag = "documents", params(
    ("id" = uuid::Uuid, Path, description = "The document's id."),
    ("name" = Option<String>, Query, description = "The file's name, without a path. Default: the name in the form, or else the document's title.", min_length = 1, max_length = 255, pattern = r"^[^/\\\u0000-\u001f\u007f-\u009f]*[^\s./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*$"),
    ("Repr-Digest" = Option<String>, Header, description = "The content's digest (RFC 9530), as `sha-256=:<base64>:`: other octets are refused (422).", pattern = "^sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:$"),
), request_body(description = "The content. Any media type is taken.", content((Octets = "application/octet-stream"), (String = "text/markdown"), (FileForm = "multipart/form-data"))), responses((status = 200, description = "The changed document.", body = Document)))]
#[put("/{id}/content")]
pub(crate) async fn replace_document_content(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    mut query: Parameters,
    body: Upload<FileOrText>,
) -> Answered {
    document::permit(&app.store, &caller, id.0).await?;
    let name = query.take::<String>("name", "a name")?.map(|name| checked_name(&name)).transpose()?;
    if body.content_type == TEXT {
        if name.is_some() {
            return Err(taskhub_domain::Error::parameter("name", "A text has no name.").into());
        }
        let text = body.octets().await?.freeze();
        let input = (id.0, text.clone(), pre.0);
        return noun::change(&caller, &app, &text, input, |tx, (id, text, pre)| {
            Box::pin(document::set_text(tx, *id, text, pre))
        })
        .await;
    }
    let body = body.open().await?;
    let name = match body.name.as_deref().filter(|_| name.is_none()) {
        Some(name) => Some(checked_name(name)?),
        None => name,
    };
    files::to_the_end(async move {
        let received = body.receive(&app, &caller).await?;
        // The key is bound to the octets by their digest.
        let key = caller.key(&app.store, &received.sha256);
        let input = (id.0, received.clone(), name, pre.0);
        let write = app.store.write_once(
            &caller,
            key,
            input,
            |tx, (id, received, name, pre)| {
                Box::pin(document::set_file(tx, *id, received, name.as_deref(), pre))
            },
            |row| answer::changed(row.version, row),
        );
        match write.await {
            // The same was sent before, or it was only asked: what came now is not needed.
            Ok(answer) if answer.replayed || caller.is_dry_run() => {
                app.depot.remove(caller.tenant(), received.id).await?;
                Ok(answer::kept(answer))
            }
            Ok(answer) => Ok(answer::kept(answer)),
            Err(error) => {
                files::give_back(&app, &caller, &received, &error).await;
                Err(error.into())
            }
        }
    })
    .await
}

/// List a document's versions
///
/// What it was each time that its title, text or file came to be another; without the texts.
#[utoipa::path(tag = "documents", params(("id" = uuid::Uuid, Path, description = "The document's id.")), responses((status = 200, description = "A page of versions.", body = List<DocumentVersionSummary>)))]
#[get("/{id}/versions")]
pub(crate) async fn list_document_versions(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list_within::<DocumentVersion>(&caller, &app, id, &query, &request).await
}

/// Get a version of a document
#[utoipa::path(tag = "documents", params(("id" = uuid::Uuid, Path, description = "The document's id."), ("version_id" = uuid::Uuid, Path, description = "The version's id.")), responses((status = 200, description = "The version.", body = DocumentVersion)))]
#[get("/{id}/versions/{version_id}")]
pub(crate) async fn get_document_version(
    caller: Caller,
    app: App,
    ids: Within,
    known: IfNoneMatch,
) -> Answered {
    noun::get_within::<DocumentVersion>(&caller, &app, ids, &known).await
}

/// Download a version's content
///
/// Its stored file, as `application/octet-stream` whatever it is, or else its text. One range can be asked for (RFC 9110 section 14). The `ETag` is
/// the SHA-256 of the whole.
#[utoipa::path(tag = "documents", params(
    ("id" = uuid::Uuid, Path, description = "The document's id."),
    ("version_id" = uuid::Uuid, Path, description = "The version's id."),
    ("Range" = Option<String>, Header, description = "A range of octets, as `bytes=0-1023`."),
    ("If-Range" = Option<String>, Header, description = "The `ETag` of what the range is of: of another, all is sent."),
), responses(
    (status = 200, description = "The content.", content((Octets = "application/octet-stream"), (String = "text/markdown"))),
    (status = 206, description = "The range.", content((Octets = "application/octet-stream"), (String = "text/markdown"))),
    (status = 416, description = "There are no such octets: see `Content-Range`.", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/{id}/versions/{version_id}/content")]
pub(crate) async fn get_document_version_content(
    caller: Caller,
    app: App,
    ids: Within,
    known: IfNoneMatch,
    request: HttpRequest,
) -> Answered {
    let content = document::version_content(&app.store, &caller, (ids.0, ids.1)).await?;
    files::send_content(&request, &app, &caller, &known, content, None).await
}

/// Compare a version with another
///
/// The unified difference of its text from that of another version of the document: the one before it, unless one is named.
#[utoipa::path(tag = "documents", params(
    ("id" = uuid::Uuid, Path, description = "The document's id."),
    ("version_id" = uuid::Uuid, Path, description = "The version's id."),
    ("against" = Option<uuid::Uuid>, Query, description = "The id of the other version."),
), responses((status = 200, description = "The difference; empty when there is none.", content((String = "text/plain")))))]
#[get("/{id}/versions/{version_id}/diff")]
pub(crate) async fn get_document_version_diff(
    caller: Caller,
    app: App,
    ids: Within,
    known: IfNoneMatch,
    mut query: Parameters,
) -> Answered {
    let against = query.take_id("against", "a version's id")?;
    let turn = app.turns.of(caller.tenant()).enter().await?;
    let diff = document::diff(&app.store, &caller, (ids.0, ids.1), against, turn).await?;
    // Versions stay as they are, and so do their differences.
    let tag = format!("\"{}.{}\"", ids.1.simple(), against.unwrap_or_default().simple());
    let mut answer = if known.has(&tag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((header::ETAG, tag.clone()))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"));
    if known.has(&tag) {
        return Ok(answer.finish());
    }
    Ok(answer.content_type("text/plain; charset=utf-8").body(diff))
}

/// Restore a version of a document
///
/// The document becomes what it was, and that is a new version. For its author, for whoever manages the project, and for admins.
#[utoipa::path(tag = "documents", params(("id" = uuid::Uuid, Path, description = "The document's id."), ("version_id" = uuid::Uuid, Path, description = "The version's id.")), responses((status = 200, description = "The changed document.", body = Document)))]
#[post("/{id}/versions/{version_id}/restore")]
pub(crate) async fn restore_document_version(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
) -> Answered {
    let input = ((ids.0, ids.1), pre.0);
    noun::change(&caller, &app, b"", input, |tx, (ids, pre)| Box::pin(document::restore(tx, *ids, pre))).await
}
