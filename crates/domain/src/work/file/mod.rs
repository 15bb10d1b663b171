//! Files: bytes of any type and size, stored outside the database under names that no client
//! chooses.
//!
//! Invariant: an object is durable before the row that refers to it is committed. It is removed
//! only after a committed row says that it may be. A failure or a kill in between leaves an object
//! without a row, which [`Repository::sweep_files`](crate::Repository::sweep_files) removes.
//!
//! This module does not know which resource uses a file. A file has no path of its own, so it can
//! be read only through the resource that refers to it.

mod blob_store;
mod kind;
mod receiving;
mod sweep;

use sea_orm::{
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, Query},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    blob_store::{BlobStore, ByteStream, Place},
    receiving::{Received, Receiving},
};
use crate::{
    Context, Error, Repository, Result, Tx,
    identity::tenant::Tenant,
    kernel::{error::Kind, input::one_line, repository::entity},
};

/// The greatest length of the name of a file, in characters.
pub const LONGEST_NAME: usize = 255;

entity! {
    /// A stored object. Its name is made of the two ids.
    pub struct File in "file", unversioned {
        pub size: i64,
        /// When the file was released: the object is removed next, and then this row.
        pub discarded_at: Option<Timestamp>,
    }
}

/// The description of a stored file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileInfo {
    /// The name of the file, as it was sent.
    #[schema(example = "plan.pdf")]
    pub name: String,
    /// The media type that the first bytes suggest, for display only. Downloads are always sent as
    /// `application/octet-stream`.
    #[schema(example = "application/pdf")]
    pub media_type: String,
    /// The size of the file, in bytes.
    #[schema(example = 48213)]
    pub size: i64,
    /// The SHA-256 of the file, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
}

/// Checks the name of a file: one line of visible text, and no path.
///
/// # Errors
/// `InvalidParameter` at `name`.
pub fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    let wrong = |message: String| Err(Error::parameter("name", message));
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) {
        return wrong(format!("Must be 1 to {LONGEST_NAME} characters."));
    }
    if name.contains(['/', '\\']) || name.chars().any(char::is_control) || matches!(name, "." | "..") {
        return wrong("Must be the name of a file, without a path.".to_owned());
    }
    match one_line(&name.to_owned(), &()) {
        Ok(()) => Ok(name.to_owned()),
        Err(error) => wrong(format!("The name {}.", error.message())),
    }
}

/// Rejects a file that exceeds the quota, before any byte is read. The transaction that stores the
/// file decides.
///
/// # Errors
/// `QuotaExceeded`.
pub async fn has_room(repository: &Repository, ctx: &Context, size: u64) -> Result<()> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let scope = repository.read(ctx);
    let Some(tenant) = scope.find::<Tenant>(ctx.tenant(), false).await? else {
        return Err(Kind::NotFound.into());
    };
    let taken = Query::select()
        .columns(["file_bytes", "file_count"])
        .from("tenant")
        .and_where(Expr::col("id").eq(ctx.tenant()))
        .take();
    for row in scope.rows(&taken).await? {
        let (bytes, count): (i64, i64) =
            (crate::kernel::repository::field(&row, 0)?, crate::kernel::repository::field(&row, 1)?);
        if bytes.saturating_add(size) > tenant.file_bytes_quota || count >= tenant.file_count_quota {
            return Err(full(&tenant));
        }
    }
    Ok(())
}

/// Adds the row of a received file, if the quota of the tenant allows it. The usage is counted in
/// the row of the tenant, so that it is exact under concurrency.
pub(crate) async fn keep(tx: &Tx, received: &Received) -> Result<()> {
    let size = received.size;
    let room = Query::update()
        .table("tenant")
        .value("file_bytes", Expr::col("file_bytes").add(size))
        .value("file_count", Expr::col("file_count").add(1_i64))
        .and_where(Expr::col("id").eq(tx.ctx().tenant()))
        .and_where(Expr::col("file_bytes").add(size).lte(Expr::col("file_bytes_quota")))
        .and_where(Expr::col("file_count").lt(Expr::col("file_count_quota")))
        .take();
    if tx.change_unscoped(&room).await? == 0 {
        let tenant = tx.find::<Tenant>(tx.ctx().tenant(), false).await?;
        return Err(tenant.map_or_else(|| Kind::NotFound.into(), |tenant| full(&tenant)));
    }
    tx.insert_internal(&File { tenant_id: tx.ctx().tenant(), id: received.id, size, discarded_at: None })
        .await
}

/// Releases a file: it no longer counts towards the quota, and its object is removed after the
/// commit. Releasing a file again does nothing.
pub(crate) async fn release(tx: &Tx, id: Uuid) -> Result<()> {
    let Some(file) = tx.find_internal::<File>(id).await?.filter(|file| file.discarded_at.is_none()) else {
        return Ok(());
    };
    let own = |column: &'static str| Expr::col(column).eq(tx.ctx().tenant());
    let discard = Query::update()
        .table("file")
        .value("discarded_at", tx.now())
        .and_where(own("tenant_id"))
        .and_where(Expr::col("id").eq(id))
        .take();
    let room = Query::update()
        .table("tenant")
        .value("file_bytes", Expr::col("file_bytes").sub(file.size))
        .value("file_count", Expr::col("file_count").sub(1_i64))
        .and_where(own("id"))
        .take();
    tx.change_unscoped(&discard).await?;
    tx.change_unscoped(&room).await.map(drop)
}

fn full(tenant: &Tenant) -> Error {
    let (bytes, files) = (tenant.file_bytes_quota, tenant.file_count_quota);
    let detail =
        format!("The organisation can have at most {files} files, with at most {bytes} bytes in all.");
    Error::with(Kind::QuotaExceeded, detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::checked_name;

    #[test]
    fn a_name_is_no_path() {
        for wrong in ["", "  ", ".", "..", "a/b", "..\\b", "a\0", "a\nb", "\u{202e}gpj.exe", "\u{200b}"] {
            assert!(checked_name(wrong).is_err(), "{wrong:?}");
        }
        for right in ["plan.pdf", "Über uns.txt", ".env", "a b", "日本.md"] {
            assert_eq!(checked_name(right).ok().as_deref(), Some(right));
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_one_short_line(name in "\\PC*|.*") {
            if let Ok(name) = checked_name(&name) {
                prop_assert!(!name.contains(['/', '\\', '\n', '\r']) && name.chars().count() <= 255);
            }
        }
    }
}
