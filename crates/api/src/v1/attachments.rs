//! `/api/v1/tasks/{id}/attachments`.

use actix_web::{HttpRequest, delete, get, post};
use taskhub_domain::{
    attachment::{self, Attachment},
    edit,
    file::{FileInfo, checked_name},
};

use super::{
    App,
    endpoints::history,
    files::{self, FileForm, Octets},
    noun,
};
use crate::{
    answer::{self, Answered, List},
    extract::{Caller, Id, IfMatch, IfNoneMatch, Parameters, Upload, Within},
    problem::ProblemBody,
};

/// List a task's attachments
#[utoipa::path(tag = "attachments", params(("id" = uuid::Uuid, Path, description = "The task's id.")), responses((status = 200, description = "A page of attachments.", body = List<Attachment>)))]
#[get("/{id}/attachments")]
pub(crate) async fn list_task_attachments(
    caller: Caller,
    app: App,
    id: Id,
    query: Parameters,
    request: HttpRequest,
) -> Answered {
    noun::list_within::<Attachment>(&caller, &app, id, &query, &request).await
}

/// Attach a file to a task
///
/// For everybody who sees the task. The body is the file itself, with any content type, or a form with the file as its one part, as browsers send it.
/// A file has at most the size that the server is set to (1 GiB by default); the organisation's files together take no more than its quota (413,
/// `quota_exceeded`). Every MiB has to arrive within a minute. `name` is required, unless a form names the file.
#[utoipa::path(tag = "attachments", params(
    ("id" = uuid::Uuid, Path, description = "The task's id."),
    ("name" = Option<String>, Query, description = "The file's name, without a path.", min_length = 1, max_length = 255, pattern = r"^[^/\\\u0000-\u001f\u007f-\u009f]*[^\s./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*$"),
    ("Repr-Digest" = Option<String>, Header, description = "The file's digest (RFC 9530), as `sha-256=:<base64>:`: other octets are refused (422).", pattern = "^sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:$"),
), request_body(description = "The file. Any media type is taken.", content((Octets = "application/octet-stream"), (FileForm = "multipart/form-data"))), responses((status = 201, description = "The new attachment.", body = Attachment)))]
#[post("/{id}/attachments")]
pub(crate) async fn create_task_attachment(
    caller: Caller,
    app: App,
    id: Id,
    mut query: Parameters,
    body: Upload<Octets>,
) -> Answered {
    attachment::permit(&app.store, &caller, id.0).await?;
    let name = query.take::<String>("name", "a name")?;
    let body = body.open().await?;
    let Some(name) = name.or_else(|| body.name.clone()) else {
        return Err(
            taskhub_domain::Error::parameter("name", "Name the file here, or send it in a form.").into()
        );
    };
    let name = checked_name(&name)?;
    files::to_the_end(async move {
        let received = body.receive(&app, &caller).await?;
        // The key is bound to the octets by their digest.
        let key = caller.key(&app.store, &received.sha256);
        let input = (id.0, received.clone(), name);
        let create = app.store.write_once(
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

/// Get an attachment
///
/// What is told of it; its octets are at `…/content`.
#[utoipa::path(tag = "attachments", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("attachment_id" = uuid::Uuid, Path, description = "The attachment's id.")), responses((status = 200, description = "The attachment.", body = Attachment)))]
#[get("/{id}/attachments/{attachment_id}")]
pub(crate) async fn get_task_attachment(
    caller: Caller,
    app: App,
    ids: Within,
    query: Parameters,
    known: IfNoneMatch,
) -> Answered {
    noun::get_within_then::<Attachment>(&caller, &app, ids, query, &known).await
}

/// Download an attachment
///
/// Its octets, as `application/octet-stream` whatever they are. One range can be asked for (RFC 9110 section 14); the `ETag` is the SHA-256 of the
/// whole, which `Repr-Digest` tells too.
#[utoipa::path(tag = "attachments", params(
    ("id" = uuid::Uuid, Path, description = "The task's id."),
    ("attachment_id" = uuid::Uuid, Path, description = "The attachment's id."),
    ("Range" = Option<String>, Header, description = "A range of octets, as `bytes=0-1023`."),
    ("If-Range" = Option<String>, Header, description = "The `ETag` of the file that the range is of: of another, all is sent."),
), responses(
    (status = 200, description = "The file.", content((Octets = "application/octet-stream"))),
    (status = 206, description = "The range.", content((Octets = "application/octet-stream"))),
    (status = 416, description = "There are no such octets: see `Content-Range`.", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/{id}/attachments/{attachment_id}/content")]
pub(crate) async fn get_task_attachment_content(
    caller: Caller,
    app: App,
    ids: Within,
    known: IfNoneMatch,
    request: HttpRequest,
) -> Answered {
    let row = edit::get_within::<Attachment>(&app.store, &caller, (ids.0, ids.1)).await?;
    let Attachment { id, name, media_type, size, sha256, .. } = row;
    let info = FileInfo { name, media_type, size, sha256 };
    files::send(&request, &app, &caller, &known, (id, &info), None).await
}

/// Delete an attachment
///
/// For who uploaded it, for whoever manages the project, and for admins.
#[utoipa::path(tag = "attachments", params(("id" = uuid::Uuid, Path, description = "The task's id."), ("attachment_id" = uuid::Uuid, Path, description = "The attachment's id.")), responses((status = 204, description = "It is gone.")))]
#[delete("/{id}/attachments/{attachment_id}")]
pub(crate) async fn delete_task_attachment(caller: Caller, app: App, ids: Within, pre: IfMatch) -> Answered {
    noun::remove_within::<Attachment>(&caller, &app, ids, pre).await
}

history! {
    one "attachment", of "task";
    Attachment, tagged "attachments", at "/{id}/attachments/{attachment_id}/history", by "attachment_id";
    /// List what happened to an attachment
    list_task_attachment_history;
}
