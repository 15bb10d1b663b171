//! The content of a document: its stored file, or else its text.

use sea_orm::entity::prelude::*;

use super::{Document, DocumentVersion, LONGEST_TEXT};
use crate::{
    Context, Error, Repository, Result, Tx,
    kernel::{
        change::ChangeType,
        repository::{Precondition, Read, Update, json::AsJson},
    },
    work::file::{self, FileInfo, Received},
};

/// The content of a document or of one of its versions.
#[derive(Clone, Debug)]
pub enum Content {
    /// A stored file.
    File {
        /// The id of its object.
        id: Uuid,
        /// The description of the file.
        info: FileInfo,
    },
    /// A text.
    Text {
        /// The title of the document.
        title: String,
        /// The text, in Markdown.
        text: String,
    },
}

impl Content {
    fn of(title: String, text: String, file: Option<(Uuid, AsJson<FileInfo>)>) -> Self {
        match file {
            Some((id, AsJson(info))) => Self::File { id, info },
            None => Self::Text { title, text },
        }
    }
}

/// The content of a document, and the version of the document.
///
/// # Errors
/// `NotFound`.
pub async fn content(repository: &Repository, ctx: &Context, id: Uuid) -> Result<(Content, i64)> {
    let row = repository.read(ctx).resolve::<Document, _>(id, Read).await?.into_row();
    Ok((Content::of(row.title, row.content, row.file_id.zip(row.file)), row.version))
}

/// The content of a version of a document.
///
/// # Errors
/// `NotFound`, also for a version of another document.
pub async fn version_content(repository: &Repository, ctx: &Context, ids: (Uuid, Uuid)) -> Result<Content> {
    let row = repository.read(ctx).resolve_at::<DocumentVersion, _>(ids, Read).await?.into_row();
    Ok(Content::of(row.title, row.content, row.file_id.zip(row.file)))
}

/// Authorises a change of the content of a document, before any byte of it is read.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InsufficientScope`.
pub async fn permit(repository: &Repository, ctx: &Context, id: Uuid) -> Result<()> {
    repository.read(ctx).resolve::<Document, _>(id, Update).await.map(drop)
}

/// Sets the text of a document, and removes its stored file.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` for a text that is not UTF-8, is too long or has control
/// characters; and those of the precondition.
pub async fn set_text(tx: &Tx, id: Uuid, bytes: &[u8], pre: &Precondition) -> Result<Document> {
    let seen = tx.resolve::<Document, _>(id, Update).await?;
    let wrong = |message: &str| Error::field("", "invalid_value", message);
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("Must be text in UTF-8."))?;
    if text.chars().count() > LONGEST_TEXT {
        return Err(wrong("Must be at most 200,000 characters."));
    }
    if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::field("", "control_character", "Control characters are not allowed."));
    }
    let row = Document { content: text.to_owned(), file: None, file_id: None, ..seen.row().clone() };
    tx.update_as(ChangeType::SetContent, seen, row, pre).await
}

/// Sets the stored file of a document. A file without a name gets the title as its name. The text
/// stays.
///
/// # Errors
/// `NotFound`, `Forbidden`, `QuotaExceeded`, and those of the precondition.
pub async fn set_file(
    tx: &Tx,
    id: Uuid,
    received: &Received,
    name: Option<&str>,
    pre: &Precondition,
) -> Result<Document> {
    let seen = tx.resolve::<Document, _>(id, Update).await?;
    tx.check(pre, seen.row().version).await?;
    file::keep(tx, received).await?;
    let info = received.info(name.unwrap_or(&seen.row().title));
    let row = Document { file: Some(AsJson(info)), file_id: Some(received.id), ..seen.row().clone() };
    tx.update_as(ChangeType::SetContent, seen, row, pre).await
}

/// Sets the title, text and file of a document to those of a version, which makes a new version.
///
/// # Errors
/// `NotFound`, also for a version of another document; `Forbidden`, and those of the precondition.
pub async fn restore(tx: &Tx, ids: (Uuid, Uuid), pre: &Precondition) -> Result<Document> {
    let old = tx.resolve_at::<DocumentVersion, _>(ids, Read).await?.into_row();
    let seen = tx.resolve::<Document, _>(ids.0, Update).await?;
    let DocumentVersion { title, content, file, file_id, .. } = old;
    let row = Document { title, content, file, file_id, ..seen.row().clone() };
    tx.update_as(ChangeType::Restore, seen, row, pre).await
}
