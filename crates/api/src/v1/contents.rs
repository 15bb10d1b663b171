//! Endpoints of a document's content and versions: `/api/v1/documents/{id}/content` and
//! `/api/v1/documents/{id}/versions`.
//!
//! Invariant: a received file becomes part of a document or is removed again (see [`files`]).

use actix_web::{HttpRequest, HttpResponse, get, http::header, post, put};
use taskhub_domain::{
    document::{self, Document, DocumentVersion, DocumentVersionSummary},
    file::checked_name,
};

use super::{
    App,
    files::{self, AnyFile, FileForm, FileOrText, TEXT},
    resource,
};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Caller, Id, IfMatch, IfNoneMatch, Parameters, Upload, Within},
    parameters::ListOf,
    problem::Code,
    problem::ProblemBody,
};

/// Download the content of a document
///
/// Sends the stored file of the document, or its text when it has no stored file. A file is always
/// sent as `application/octet-stream` and a text as `text/markdown`, both as a download. Supports
/// one byte range (RFC 9110 section 14). The `ETag` is the version of the document, and
/// `Repr-Digest` has the SHA-256 of the whole content.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the document."),
        (
            "Range" = Option<String>,
            Header,
            description = "One range of bytes, such as `bytes=0-1023`. Several ranges get the whole content.",
        ),
        (
            "If-Range" = Option<String>,
            Header,
            description = "The `ETag` of the content that the range belongs to. When it is out of date, the whole content is sent.",
        ),
        IfNoneMatch,
    ),
    responses(
        (
            status = 200,
            description = "The whole content.",
            content((AnyFile = "application/octet-stream"), (String = "text/markdown")),
        ),
        (
            status = 206,
            description = "The requested range of the content.",
            content((AnyFile = "application/octet-stream"), (String = "text/markdown")),
        ),
        (
            status = 416,
            description = "The range begins after the end of the content. `Content-Range` has the length.",
            body = ProblemBody,
            content_type = "application/problem+json",
        ),
    ),
)]
#[get("/{id}/content")]
pub(crate) async fn get_document_content(
    caller: Caller,
    app: App,
    id: Id,
    known: IfNoneMatch,
    request: HttpRequest,
) -> Answered {
    let (content, version) = document::content(&app.repository, &caller, id.0).await?;
    let tag = Some(format!("\"{version}\""));
    files::send_content(&request, &app, &caller, &known, content, tag).await
}

/// Replace the content of a document
///
/// Stores a text or a file. A body of type `text/markdown` is a text of at most 200,000 characters;
/// it replaces a stored file. A body of any other type is a file, or a form with the file as its
/// only part. The file is stored in addition to the text, and downloads send the file. The new
/// content is saved as a new version; earlier versions stay available.
///
/// For the author, managers of the project and admins. A file that exceeds the size limit gets 413
/// `payload_too_large`. A file that exceeds the quota of the organisation gets 413
/// `quota_exceeded`.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the document."),
        (
            "name" = Option<String>,
            Query,
            description = "The name of the file, without a path. Default: the name in the form, or else the title of the document. Not allowed with a text.",
            min_length = 1,
            max_length = 255,
            pattern = r"^[^/\\\u0000-\u001f\u007f-\u009f]*[^\s./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*$",
        ),
        (
            "Repr-Digest" = Option<String>,
            Header,
            description = "The SHA-256 of the content (RFC 9530), as `sha-256=:<base64>:`. Content with another digest gets 422 with the field code `digest_mismatch`.",
            pattern = "^sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:$",
        ),
    ),
    request_body(
        description = "The text or the file. Every media type is accepted.",
        content(
            (AnyFile = "application/octet-stream"),
            (String = "text/markdown"),
            (FileForm = "multipart/form-data"),
        ),
    ),
    responses((status = 200, description = "The document after the change.", body = Document)),
    extensions(("x-problems" = json!([Code::QuotaExceeded]))),
)]
#[put("/{id}/content")]
pub(crate) async fn replace_document_content(
    caller: Caller,
    app: App,
    id: Id,
    pre: IfMatch,
    mut query: Parameters,
    body: Upload<FileOrText>,
) -> Answered {
    document::permit(&app.repository, &caller, id.0).await?;
    let name = query.take::<String>("name", "a name")?.map(|name| checked_name(&name)).transpose()?;
    if body.content_type == TEXT {
        if name.is_some() {
            return Err(taskhub_domain::Error::parameter(
                "name",
                "Must be absent for a text: only a file has a name.",
            )
            .into());
        }
        let text = body.bytes().await?.freeze();
        let input = (id.0, text.clone(), pre.0);
        return resource::change(&caller, &app, &text, input, |tx, (id, text, pre)| {
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
        // The digest binds the idempotency key to the bytes.
        let key = caller.key(&app.repository, &received.sha256);
        let input = (id.0, received.clone(), name, pre.0);
        let write = app.repository.write_once(
            &caller,
            key,
            input,
            |tx, (id, received, name, pre)| {
                Box::pin(document::set_file(tx, *id, received, name.as_deref(), pre))
            },
            |row| answer::changed(row.version, row),
        );
        match write.await {
            // A repeated request or a dry run: the bytes that were received now are not needed.
            Ok(answer) if answer.replayed || caller.is_dry_run() => {
                app.blob_store.remove(caller.tenant(), received.id).await?;
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

/// List the versions of a document
///
/// Returns the versions without their texts. Each change of the title, text or file saves a
/// version. Admins get all versions. Other callers get the versions since the document last moved
/// to another project, or its project to another team.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the document."),
        ListOf<DocumentVersion>,
    ),
    responses(
        (
            status = 200,
            description = "One page of versions, without their texts.",
            body = List<DocumentVersionSummary>,
        ),
    ),
)]
#[get("/{id}/versions")]
pub(crate) async fn list_document_versions(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<DocumentVersion>(&caller, &app, id, &query, &request).await
}

/// Get a version of a document
///
/// Returns the title, the text and the metadata of the stored file, as this version saved them.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the document."),
        ("version_id" = uuid::Uuid, Path, description = "The id of the version."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The version.", body = DocumentVersion)),
)]
#[get("/{id}/versions/{version_id}")]
pub(crate) async fn get_document_version(
    caller: Caller,
    app: App,
    ids: Within,
    known: IfNoneMatch,
) -> Answered {
    resource::get::<DocumentVersion>(&caller, &app, ids, &known).await
}

/// Download the content of a version
///
/// Sends the stored file of the version, or its text when it has no stored file. A file is always
/// sent as `application/octet-stream` and a text as `text/markdown`, both as a download. Supports
/// one byte range (RFC 9110 section 14). The `ETag` and `Repr-Digest` are the SHA-256 of the whole
/// content.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the document."),
        ("version_id" = uuid::Uuid, Path, description = "The id of the version."),
        (
            "Range" = Option<String>,
            Header,
            description = "One range of bytes, such as `bytes=0-1023`. Several ranges get the whole content.",
        ),
        (
            "If-Range" = Option<String>,
            Header,
            description = "The `ETag` of the content that the range belongs to. When it is out of date, the whole content is sent.",
        ),
        IfNoneMatch,
    ),
    responses(
        (
            status = 200,
            description = "The whole content.",
            content((AnyFile = "application/octet-stream"), (String = "text/markdown")),
        ),
        (
            status = 206,
            description = "The requested range of the content.",
            content((AnyFile = "application/octet-stream"), (String = "text/markdown")),
        ),
        (
            status = 416,
            description = "The range begins after the end of the content. `Content-Range` has the length.",
            body = ProblemBody,
            content_type = "application/problem+json",
        ),
    ),
)]
#[get("/{id}/versions/{version_id}/content")]
pub(crate) async fn get_document_version_content(
    caller: Caller,
    app: App,
    ids: Within,
    known: IfNoneMatch,
    request: HttpRequest,
) -> Answered {
    let content = document::version_content(&app.repository, &caller, (ids.0, ids.1)).await?;
    files::send_content(&request, &app, &caller, &known, content, None).await
}

/// Compare two versions of a document
///
/// Returns a unified diff of the texts, from the version in `against` to this one, with three lines
/// of context. Stored files are not compared.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the document."),
        ("version_id" = uuid::Uuid, Path, description = "The id of the version."),
        (
            "against" = Option<uuid::Uuid>,
            Query,
            description = "The id of the version to compare with. Default: the version before this one; the first version is compared with an empty text.",
        ),
        IfNoneMatch,
    ),
    responses(
        (
            status = 200,
            description = "The unified diff. It is empty when the texts are equal.",
            content((String = "text/plain")),
        ),
    ),
)]
#[get("/{id}/versions/{version_id}/diff")]
pub(crate) async fn get_document_version_diff(
    caller: Caller,
    app: App,
    ids: Within,
    known: IfNoneMatch,
    mut query: Parameters,
) -> Answered {
    let against = query.take_id("against", "the id of a version")?;
    let turn = app.turns.of(caller.tenant()).enter().await?;
    let diff = document::diff(&app.repository, &caller, (ids.0, ids.1), against, turn).await?;
    // Versions never change, so their diffs do not either.
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
/// Sets the title, text and stored file of the document to those of this version, and saves them as
/// a new version. The project and the author stay. For the author, managers of the project and
/// admins.
#[utoipa::path(
    tag = "documents",
    security(("token" = ["documents:read", "documents:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the document."),
        ("version_id" = uuid::Uuid, Path, description = "The id of the version."),
    ),
    responses((status = 200, description = "The document after the change.", body = Document)),
)]
#[post("/{id}/versions/{version_id}/restore")]
pub(crate) async fn restore_document_version(
    caller: Caller,
    app: App,
    ids: Within,
    pre: IfMatch,
) -> Answered {
    let input = ((ids.0, ids.1), pre.0);
    resource::change(&caller, &app, b"", input, |tx, (ids, pre)| Box::pin(document::restore(tx, *ids, pre)))
        .await
}
