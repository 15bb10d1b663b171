//! The installation: what all nodes of a database share.
//!
//! Invariant: there is one secret, which seals cursors and fingerprints requests. There is one
//! encryption key, whose fingerprint is recorded. So no node seals values with a key that the other
//! nodes don't have.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use taskhub_auth::Cipher;
use uuid::Uuid;

use super::{Conn, field};
use crate::{Error, Result, kernel::error::Kind};

/// The values that are sealed with the encryption key: table, column and purpose.
const SEALED: [(&str, &str, &[u8]); 2] =
    [("second_factor", "sealed_secret", b"totp"), ("mail", "sealed", b"mail")];

/// The error detail for an operator who configured another key.
pub(crate) const WRONG_KEY: &str = "The encryption key is not the key of this database, so its encrypted values can't be decrypted. \
     Set TASKHUB_ENCRYPTION_KEY_FILE to the file of the right key.";

/// The secret of the installation. The first node creates it.
///
/// # Errors
/// `Internal` when the stored secret can't be read.
pub(crate) async fn secret(conn: &Conn) -> Result<Vec<u8>> {
    let select =
        Query::select().column("secret").from("installation").and_where(Expr::col("id").eq(1)).take();
    let find = async || -> Result<Option<String>> {
        let rows = conn.rows(&select).await?;
        rows.first().map(|row| field(row, 0)).transpose()
    };
    let text = if let Some(text) = find().await? {
        text
    } else {
        let secret = URL_SAFE_NO_PAD.encode(taskhub_auth::secret::random::<32>());
        let mut insert = Query::insert();
        insert.into_table("installation").columns(["id", "secret"]).values_panic([1.into(), secret.into()]);
        // If another node was faster, all nodes use its secret.
        if let Err(error) = conn.change(&insert).await {
            tracing::debug!(%error, "can't insert the installation's secret; another node may have inserted it");
        }
        find().await?.ok_or_else(|| Error::internal("the installation has no secret"))?
    };
    URL_SAFE_NO_PAD.decode(text).map_err(Error::internal)
}

/// Rejects an encryption key that is not the key of the database. The first key that opens the
/// sealed values becomes the key of the database.
///
/// # Errors
/// `Conflict` with a sentence for the operator.
pub(crate) async fn check_key(conn: &Conn, cipher: &Cipher) -> Result<()> {
    if fingerprint(conn).await?.is_none() && opens(conn, cipher).await? {
        let record = Query::update()
            .table("installation")
            .value("key_fingerprint", cipher.fingerprint())
            .and_where(Expr::col("id").eq(1))
            .and_where(Expr::col("key_fingerprint").is_null())
            .take();
        conn.change(&record).await?;
    }
    // If another node was faster, its key counts.
    if fingerprint(conn).await?.as_deref() == Some(cipher.fingerprint()) {
        return Ok(());
    }
    Err(Error::with(Kind::Conflict, WRONG_KEY))
}

/// The fingerprint of the database's key; `None` before the first start.
pub(crate) async fn fingerprint(conn: &Conn) -> Result<Option<String>> {
    let select = Query::select()
        .column("key_fingerprint")
        .from("installation")
        .and_where(Expr::col("id").eq(1))
        .take();
    let rows = conn.rows(&select).await?;
    rows.first().map_or(Ok(None), |row| field(row, 0))
}

/// Whether a key opens the sealed values. It tries one row of each kind.
async fn opens(conn: &Conn, cipher: &Cipher) -> Result<bool> {
    for (table, column, purpose) in SEALED {
        let select = Query::select().columns(["tenant_id", "id", column]).from(table).limit(1).take();
        for row in conn.rows(&select).await? {
            let (tenant, id): (Uuid, Uuid) = (field(&row, 0)?, field(&row, 1)?);
            let sealed: String = field(&row, 2)?;
            if cipher.open(&sealed, &[purpose, tenant.as_bytes(), id.as_bytes()]).is_err() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
