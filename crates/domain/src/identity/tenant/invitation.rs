//! Invitations to register an organisation, for installations that are not open to everybody. An
//! operator creates them.
//!
//! Invariant: an invitation is used once.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, Result, Tx, kernel::error::Kind};

const TABLE: &str = "registration_invitation";

/// Creates an invitation and returns its token, which is shown once.
///
/// # Errors
/// Repository errors.
pub async fn create(tx: &Tx, lifetime: &Duration) -> Result<SecretString> {
    let token = taskhub_auth::secret::opaque();
    let now = tx.now();
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns(["id", "token_hash", "created_at", "expires_at"]).values_panic([
        now.token_id().into(),
        taskhub_auth::secret::digest(token.expose_secret()).into(),
        now.into(),
        now.plus(*lifetime).into(),
    ]);
    tx.change_unscoped(&insert).await?;
    Ok(token)
}

/// Uses an invitation up, in the transaction of what it allows. It is one conditional write, so an
/// invitation is used once.
///
/// # Errors
/// `RegistrationClosed` if it is unknown, expired or used.
pub async fn consume(tx: &Tx, token: &SecretString) -> Result<()> {
    let now = tx.now();
    let mut update = Query::update();
    update
        .table(TABLE)
        .value("used_at", now)
        .and_where(Expr::col("token_hash").eq(taskhub_auth::secret::digest(token.expose_secret())))
        .and_where(Expr::col("used_at").is_null())
        .and_where(Expr::col("expires_at").gt(now));
    match tx.change_unscoped(&update).await? {
        1 => Ok(()),
        _ => Err(Error::with(Kind::RegistrationClosed, "The invitation is unknown, expired or used.")),
    }
}
