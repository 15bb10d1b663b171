//! A document's content: its stored file, or else its text.

use sea_orm::entity::prelude::*;

use super::{Document, DocumentVersion, LONGEST_TEXT};
use crate::{
    Context, Error, Result, Store, Tx,
    file::{self, FileInfo, Received},
    store::{Precondition, Read, Update, json::AsJson},
};

/// What a document or one of its versions holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// A stored file.
    File {
        /// Its object.
        id: Uuid,
        /// What is told of it.
        info: FileInfo,
    },
    /// A text.
    Text {
        /// The document's title.
        title: String,
        /// Markdown.
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

/// The content of a document, and the document's version.
///
/// # Errors
/// `NotFound`.
pub async fn content(store: &Store, ctx: &Context, id: Uuid) -> Result<(Content, i64)> {
    let row = store.read(ctx).resolve::<Document, _>(id, Read).await?.into_row();
    Ok((Content::of(row.title, row.content, row.file_id.zip(row.file)), row.version))
}

/// The content of a version of a document.
///
/// # Errors
/// `NotFound`, also for a version of another document.
pub async fn version_content(store: &Store, ctx: &Context, ids: (Uuid, Uuid)) -> Result<Content> {
    let row = store.read(ctx).resolve_within::<DocumentVersion, _>(ids, Read).await?.into_row();
    Ok(Content::of(row.title, row.content, row.file_id.zip(row.file)))
}

/// Whether the caller may give a document another content, before an octet of it is read.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InsufficientScope`.
pub async fn permit(store: &Store, ctx: &Context, id: Uuid) -> Result<()> {
    store.read(ctx).resolve::<Document, _>(id, Update).await.map(drop)
}

/// Makes a text the document's content, in the place of a stored file.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` for a text that is none or too long; and those of the precondition.
pub async fn set_text(tx: &Tx, id: Uuid, octets: &[u8], pre: &Precondition) -> Result<Document> {
    let seen = tx.resolve::<Document, _>(id, Update).await?;
    let wrong = |message: &str| Error::field("", "invalid_value", message);
    let text = std::str::from_utf8(octets).map_err(|_| wrong("This is no UTF-8."))?;
    if text.chars().count() > LONGEST_TEXT {
        return Err(wrong("The text is longer than 200,000 characters."));
    }
    if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::field("", "control_character", "Control characters are not allowed."));
    }
    let row = Document { content: text.to_owned(), file: None, file_id: None, ..seen.row().clone() };
    tx.update_as("set_content", seen, row, pre).await
}

/// Makes a file that was received the document's content; under the title, when it has no name. The text stays beside it.
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
    tx.update_as("set_content", seen, row, pre).await
}

/// Makes a document what it was in a version: a new version, equal to that one.
///
/// # Errors
/// `NotFound`, also for a version of another document; `Forbidden`, and those of the precondition.
pub async fn restore(tx: &Tx, ids: (Uuid, Uuid), pre: &Precondition) -> Result<Document> {
    let old = tx.resolve_within::<DocumentVersion, _>(ids, Read).await?.into_row();
    let seen = tx.resolve::<Document, _>(ids.0, Update).await?;
    let DocumentVersion { title, content, file, file_id, .. } = old;
    let row = Document { title, content, file, file_id, ..seen.row().clone() };
    tx.update_as("restore", seen, row, pre).await
}
