//! Endpoints of attachments: `/api/v1/tasks/{id}/attachments`.
//!
//! Invariant: a received file becomes an attachment or is removed again (see [`files`]).

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::{
    attachment::{self, Attachment},
    crud,
    file::{FileInfo, checked_name},
};

use super::{
    App,
    endpoints::history,
    files::{self, AnyFile, FileForm},
    resource,
};
use crate::http::{
    answer::{self, Answered, List},
    extract::{Caller, Id, IfMatch, IfNoneMatch, Parameters, Upload, Within},
    parameters::ListOf,
    problem::Code,
    problem::ProblemBody,
};

/// List the attachments of a task
///
/// Returns the metadata of the files that are attached to the task. Every caller who sees the task
/// may list them.
#[utoipa::path(
    tag = "attachments",
    security(("token" = ["tasks:read", "attachments:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ListOf<Attachment>,
    ),
    responses((status = 200, description = "One page of attachments.", body = List<Attachment>)),
)]
#[get("/{id}/attachments")]
pub(crate) async fn list_task_attachments(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    resource::list::<Attachment>(&caller, &app, id, &query, &request).await
}

/// Attach a file to a task
///
/// Stores the file and returns its metadata. The body is the file itself, of any content type, or a
/// form with the file as its only part, as browsers send it. `name` is required unless a form names
/// the file. Every caller who sees the task may attach files.
///
/// A file that exceeds the size limit of the server (1 GiB by default) gets 413
/// `payload_too_large`. A file that exceeds the quota of the organisation gets 413
/// `quota_exceeded`. Each MiB must arrive within 60 seconds, or the request gets 408.
#[utoipa::path(
    tag = "attachments",
    security(("token" = ["tasks:read", "attachments:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        (
            "name" = Option<String>,
            Query,
            description = "The name of the file, without a path. Default: the name in the form.",
            min_length = 1,
            max_length = 255,
            pattern = r"^[^/\\\u0000-\u001f\u007f-\u009f]*[^\s./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*$",
        ),
        (
            "Repr-Digest" = Option<String>,
            Header,
            description = "The SHA-256 of the file (RFC 9530), as `sha-256=:<base64>:`. A file with another digest gets 422 with the field code `digest_mismatch`.",
            pattern = "^sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:$",
        ),
    ),
    request_body(
        description = "The file. Every media type is accepted.",
        content((AnyFile = "application/octet-stream"), (FileForm = "multipart/form-data")),
    ),
    responses((status = 201, description = "The new attachment.", body = Attachment)),
    extensions(("x-problems" = json!([Code::QuotaExceeded]))),
)]
#[post("/{id}/attachments")]
pub(crate) async fn create_task_attachment(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    body: Upload<AnyFile>,
) -> Answered {
    attachment::permit(&app.repository, &caller, id.0).await?;
    let name = query.take::<String>("name", "a name")?;
    let body = body.open().await?;
    let Some(name) = name.or_else(|| body.name.clone()) else {
        return Err(taskhub_domain::Error::parameter(
            "name",
            "This parameter is required, unless a form names the file.",
        )
        .into());
    };
    let name = checked_name(&name)?;
    files::to_the_end(async move {
        let received = body.receive(&app, &caller).await?;
        // The digest binds the idempotency key to the bytes.
        let key = caller.key(&app.repository, &received.sha256);
        let input = (id.0, received.clone(), name);
        let create = app.repository.write_once(
            &caller,
            key,
            input,
            |tx, (task, received, name)| Box::pin(attachment::add(tx, *task, received, name)),
            |row| {
                let collection = format!("tasks/{}/attachments", row.task_id);
                answer::created(&collection, row.id, row.version, row)
            },
        );
        match create.await {
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

/// Get an attachment
///
/// Returns the metadata of the file: its name, size, media type and digest. The file itself is at
/// `/api/v1/tasks/{id}/attachments/{attachment_id}/content`.
#[utoipa::path(
    tag = "attachments",
    security(("token" = ["tasks:read", "attachments:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ("attachment_id" = uuid::Uuid, Path, description = "The id of the attachment."),
        IfNoneMatch,
    ),
    responses((status = 200, description = "The attachment.", body = Attachment)),
)]
#[get("/{id}/attachments/{attachment_id}")]
pub(crate) async fn get_task_attachment(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    resource::get_then::<Attachment>(&caller, &app, ids, query, &known).await
}

/// Download an attachment
///
/// Sends the file, always as `application/octet-stream` and as a download. Supports one byte range
/// (RFC 9110 section 14). The `ETag` and `Repr-Digest` are the SHA-256 of the whole file.
#[utoipa::path(
    tag = "attachments",
    security(("token" = ["tasks:read", "attachments:read"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ("attachment_id" = uuid::Uuid, Path, description = "The id of the attachment."),
        (
            "Range" = Option<String>,
            Header,
            description = "One range of bytes, such as `bytes=0-1023`. Several ranges get the whole file.",
        ),
        (
            "If-Range" = Option<String>,
            Header,
            description = "The `ETag` of the file that the range belongs to. When it is out of date, the whole file is sent.",
        ),
        IfNoneMatch,
    ),
    responses(
        (
            status = 200,
            description = "The whole file.",
            content((AnyFile = "application/octet-stream")),
        ),
        (
            status = 206,
            description = "The requested range of the file.",
            content((AnyFile = "application/octet-stream")),
        ),
        (
            status = 416,
            description = "The range begins after the end of the file. `Content-Range` has the length.",
            body = ProblemBody,
            content_type = "application/problem+json",
        ),
    ),
)]
#[get("/{id}/attachments/{attachment_id}/content")]
pub(crate) async fn get_task_attachment_content(
    caller: Caller,
    app: App,
    ids: Within,
    known: IfNoneMatch,
    request: HttpRequest,
) -> Answered {
    let row = crud::get::<Attachment>(&app.repository, &caller, (ids.0, ids.1)).await?;
    let Attachment { id, name, media_type, size, sha256, .. } = row;
    let info = FileInfo { name, media_type, size, sha256 };
    files::send(&request, &app, &caller, &known, (id, &info), None).await
}

/// Delete an attachment
///
/// Deletes the attachment and its file permanently. The file no longer counts towards the quota of
/// the organisation. For the user who uploaded it, managers of the project and admins.
#[utoipa::path(
    tag = "attachments",
    security(("token" = ["tasks:read", "attachments:write"])),
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the task."),
        ("attachment_id" = uuid::Uuid, Path, description = "The id of the attachment."),
    ),
    responses((status = 204, description = "No content: the attachment was deleted.")),
)]
#[delete("/{id}/attachments/{attachment_id}")]
pub(crate) async fn delete_task_attachment(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    resource::remove::<Attachment>(&caller, &app, ids, pre).await
}

history! {
    one "attachment", of "task";
    Attachment, tagged "attachments", at "/{id}/attachments/{attachment_id}/history", by "attachment_id";
    /// List the history of an attachment
    list_task_attachment_history;
}
