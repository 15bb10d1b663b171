//! The outbox: which mail is next, and what came of it.
//!
//! Invariant: a mail is sent at least once. Whoever sends it claims it for a while, under its row's lock, so that two nodes don't send the same;
//! its row goes when the mail was accepted. A node that dies in between lets the claim lapse, and another sends it.

use std::time::Duration;

use sea_orm::{
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, Query},
};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Mail, Waiting, entity, purpose};
use crate::{Result, Store, System, Tx, store::field, tenant::Tenant};

/// For how long a mail is its sender's alone: longer than a transport may take.
const CLAIM: Duration = Duration::from_mins(2);
/// The pause after the first failure; it doubles with each.
const PAUSE: Duration = Duration::from_mins(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_hours(6);
/// How often a mail is tried: with these pauses, for some three days. Counted and not timed, so that a clock that jumps loses no mail.
const TRIES: i32 = 20;
/// For how long mail waits where none is sent.
const KEPT: Duration = Duration::from_hours(72);

/// A mail that this node is to send.
#[derive(Debug)]
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// Whom it is for.
    pub recipient: String,
    /// The name of the tenant that it is from.
    pub tenant: String,
    /// What it is about.
    pub mail: Mail,
}

impl Store {
    /// Tenants whose mail is due, the one that waits longest first. Each gets its turn, so that one's many mails don't delay another's few.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tenants_with_mail(&self, system: &System, most: u64) -> Result<Vec<Uuid>> {
        let due = Query::select()
            .column("tenant_id")
            .from("mail")
            .and_where(Expr::col("next_at").lte(system.now()))
            .group_by_col("tenant_id")
            .order_by_expr(Expr::col("next_at").min(), sea_orm::Order::Asc)
            .limit(most)
            .take();
        let rows = self.beyond_tenants(system).rows(&due).await?;
        rows.iter().map(|row| field(row, 0)).collect()
    }

    /// Forgets mail that has waited for days, where none is sent.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_mail(&self, system: &System) -> Result<()> {
        self.housekeep(system, "mail", "created_at", system.now().minus(KEPT)).await
    }
}

/// Claims the mail of the tenant that is due first, if there is one.
///
/// # Errors
/// Those of the store.
pub async fn claim(tx: &Tx) -> Result<Option<Claimed>> {
    let due = tx.owned::<Waiting>().filter(entity::Column::NextAt.lte(tx.now()));
    let first = due.order_by_asc(entity::Column::NextAt).order_by_asc(entity::Column::Id).limit(1);
    let Some(Waiting { id, .. }) = tx.all(&first.into_query()).await?.into_iter().next() else {
        return Ok(None);
    };
    // Another node may have claimed it before its row was locked here.
    let Some(row) = tx.kept::<Waiting>(id).await?.filter(|row| row.next_at <= tx.now()) else {
        return Ok(None);
    };
    let row = Waiting { attempts: row.attempts + 1, next_at: tx.now().plus(CLAIM), ..row };
    let opened = tx.cipher().open(&row.sealed, &purpose(&row.tenant_id, &row.id));
    let Ok(text) = opened else {
        tracing::error!(mail = %id, "a mail can't be opened: it was sealed with another encryption key");
        put_off(tx, row, "It was sealed with another encryption key.").await?;
        return Ok(None);
    };
    let Ok(mail) = serde_json::from_str(text.expose_secret()) else {
        tracing::error!(mail = %id, "a mail can't be read: another version wrote it");
        put_off(tx, row, "It is of another version.").await?;
        return Ok(None);
    };
    let tenant = tx.find::<Tenant>(row.tenant_id, false).await?.map(|tenant| tenant.name).unwrap_or_default();
    let claimed = Claimed { id, recipient: row.recipient.clone(), tenant, mail };
    replace(tx, &row).await?;
    Ok(Some(claimed))
}

/// A mail that was claimed was accepted.
///
/// # Errors
/// Those of the store.
pub async fn accepted(tx: &Tx, id: &Uuid) -> Result<()> {
    tx.forget::<Waiting>(*id).await
}

/// A mail that was claimed was not accepted: it is tried again later, or given up.
///
/// # Errors
/// Those of the store.
pub async fn refused(tx: &Tx, id: Uuid, why: &str) -> Result<()> {
    match tx.kept::<Waiting>(id).await? {
        Some(row) => put_off(tx, row, why).await,
        None => Ok(()),
    }
}

async fn put_off(tx: &Tx, row: Waiting, why: &str) -> Result<()> {
    if row.attempts >= TRIES {
        tracing::error!(mail = %row.id, attempts = row.attempts, why, "a mail is given up");
        let what = json!({ "recipient": row.recipient, "attempts": row.attempts, "why": why });
        tx.note::<Tenant>("mail_undelivered", row.tenant_id, &what)?;
        return tx.forget::<Waiting>(row.id).await;
    }
    let next_at = tx.now().plus(pause(row.attempts));
    let last_error = Some(why.chars().take(500).collect());
    replace(tx, &Waiting { next_at, last_error, ..row }).await
}

/// The pause after so many tries.
fn pause(attempts: i32) -> Duration {
    let doubled = u32::try_from(attempts - 1).ok().and_then(|times| 2u32.checked_pow(times));
    doubled.map_or(LONGEST, |times| Ord::min(PAUSE.saturating_mul(times), LONGEST))
}

/// Puts a row in the place of the one with its id, which is locked.
async fn replace(tx: &Tx, row: &Waiting) -> Result<()> {
    tx.forget::<Waiting>(row.id).await?;
    tx.keep(row).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_last_three_days() {
        let minutes = |attempts| pause(attempts).as_secs() / 60;
        assert_eq!([1, 2, 3, 9, 10, TRIES].map(minutes), [1, 2, 4, 256, 360, 360]);
        let days: u64 = (1..TRIES).map(minutes).sum::<u64>() / (24 * 60);
        assert_eq!(days, 2, "two whole days and most of the third");
    }
}
