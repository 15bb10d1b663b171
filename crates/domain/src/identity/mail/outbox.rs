//! The outbox: which email is sent next, and the outcome of each attempt.
//!
//! Invariant: an email is sent at least once. A node claims it for [`CLAIM`] under the lock of its
//! row, so two nodes do not send it at the same time. The row is deleted when the mail server has
//! accepted the email. If the node dies before that, the claim expires and another node sends it.
//! An attempt counts only if the mail server rejected this email, not if it was unreachable.

use std::time::Duration;

use sea_orm::{
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, Query},
};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Mail, Waiting, entity, purpose, seal};
use crate::{
    Repository, Result, System, Tx,
    identity::tenant::Tenant,
    kernel::{change::ChangeType, policy::ResourceType},
};

/// How long a claim lasts: longer than a transport may take.
const CLAIM: Duration = Duration::from_mins(2);
/// The pause after the first failed attempt. It doubles with each further one.
const PAUSE: Duration = Duration::from_mins(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_hours(6);
/// The most attempts for an email. With these pauses they take about three days. Attempts are
/// counted, so a jump of the clock loses no email.
const TRIES: i32 = 20;
/// How long an email stays in the outbox of a server that sends no email.
const KEPT: Duration = Duration::from_hours(72);

/// An email that this node has claimed.
#[derive(Debug)]
pub struct Claimed {
    /// The id of the email.
    pub id: Uuid,
    /// The address of the recipient.
    pub recipient: String,
    /// The name of the tenant.
    pub tenant: String,
    /// The content.
    pub mail: Mail,
}

/// The result of a claim.
#[derive(Debug)]
pub enum Next {
    /// No email is due.
    Nothing,
    /// An email was due, but is not sent.
    Discarded,
    /// An email to send.
    Mail(Claimed),
}

/// The outcome of an attempt to send an email, with the reason of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mail server accepted the email.
    Accepted,
    /// The mail server rejected the email permanently.
    Refused(String),
    /// The mail server rejected the email temporarily.
    Deferred(String),
    /// The mail server cannot be used for any email.
    Unreachable(String),
}

impl Repository {
    /// The tenants with due emails, the one with the oldest first. Tenants take turns, so the many
    /// emails of one do not delay those of another.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn tenants_with_mail(&self, system: &System, most: u64) -> Result<Vec<Uuid>> {
        self.tenants_due(system, "mail", "next_at", most).await
    }

    /// Makes all deferred emails due now, because the mail server accepts email again. The next
    /// attempt does not count.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn wake_deferred_mail(&self, system: &System) -> Result<()> {
        let ctx = system.within(Uuid::nil());
        self.write(&ctx, (), |tx, ()| Box::pin(wake_deferred(tx))).await
    }

    /// Deletes emails that have been due for days, on a server that sends no email.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn forget_mail(&self, system: &System) -> Result<()> {
        // An email without an attempt is due since it was written, or since the end of the quiet
        // hours of its recipient.
        self.housekeep(system, "mail", "next_at", system.now().minus(KEPT)).await
    }
}

/// Claims the email of the tenant that is due first, if there is one.
///
/// # Errors
/// Those of the repository.
pub async fn claim(tx: &Tx) -> Result<Next> {
    let due = tx.owned::<Waiting>().filter(entity::Column::NextAt.lte(tx.now()));
    let first = due.order_by_asc(entity::Column::NextAt).order_by_asc(entity::Column::Id).limit(1);
    let Some(Waiting { id, .. }) = tx.all(&first.into_query()).await?.into_iter().next() else {
        return Ok(Next::Nothing);
    };
    // Another node may have claimed it before the row was locked here.
    let Some(row) = tx.find_internal::<Waiting>(id).await?.filter(|row| row.next_at <= tx.now()) else {
        return Ok(Next::Nothing);
    };
    let row = Waiting { attempts: row.attempts + 1, next_at: tx.now().plus(CLAIM), last_error: None, ..row };
    let mail = match open(tx, &row) {
        Ok(mail) => mail,
        Err(why) => {
            tracing::error!(mail = %id, why, "could not read an email of the outbox");
            put_off(tx, row, why).await?;
            return Ok(Next::Discarded);
        }
    };
    let Some(mail) = mail.current(tx).await? else {
        tracing::info!(mail = %id, "an email is not sent: its link is no longer valid");
        tx.delete_internal::<Waiting>(id).await?;
        return Ok(Next::Discarded);
    };
    let row = Waiting { sealed: seal(tx, id, &mail)?, ..row };
    replace(tx, &row).await?;
    let tenant = tx.find::<Tenant>(row.tenant_id, false).await?.map(|tenant| tenant.name).unwrap_or_default();
    Ok(Next::Mail(Claimed { id, recipient: row.recipient, tenant, mail }))
}

/// The content of an email, or the reason why it cannot be read.
fn open(tx: &Tx, row: &Waiting) -> Result<Mail, &'static str> {
    let text = tx.cipher().open(&row.sealed, &purpose(&row.tenant_id, &row.id));
    let text = text.map_err(|_| "The email was encrypted with another key.")?;
    serde_json::from_str(text.expose_secret())
        .map_err(|_| "The email was written by another version of TaskHub.")
}

/// Records the outcome of an attempt to send a claimed email.
///
/// # Errors
/// Those of the repository.
pub async fn record_outcome(tx: &Tx, id: Uuid, outcome: &Outcome) -> Result<()> {
    let Some(row) = tx.find_internal::<Waiting>(id).await? else { return Ok(()) };
    match outcome {
        Outcome::Accepted => tx.delete_internal::<Waiting>(id).await,
        Outcome::Refused(why) => give_up(tx, &row, why).await,
        Outcome::Deferred(why) => put_off(tx, row, why).await,
        Outcome::Unreachable(_) => {
            let row = Waiting { attempts: row.attempts - 1, next_at: tx.now(), ..row };
            replace(tx, &row).await
        }
    }
}

/// Defers an email until the next attempt, if it has one left.
async fn put_off(tx: &Tx, row: Waiting, why: &str) -> Result<()> {
    if row.attempts >= TRIES {
        return give_up(tx, &row, why).await;
    }
    let next_at = tx.now().plus(pause(row.attempts));
    let last_error = Some(why.chars().take(500).collect());
    replace(tx, &Waiting { next_at, last_error, ..row }).await
}

/// Deletes an email, and records the reason in the audit of the tenant.
async fn give_up(tx: &Tx, row: &Waiting, why: &str) -> Result<()> {
    tracing::error!(mail = %row.id, attempts = row.attempts, why, "gave up on an email");
    let what = json!({ "recipient": row.recipient, "attempts": row.attempts, "why": why });
    tx.note(ResourceType::Tenant, ChangeType::MailUndelivered, row.tenant_id, &what)?;
    tx.delete_internal::<Waiting>(row.id).await
}

/// A claimed email has no `last_error`, so it is not changed.
async fn wake_deferred(tx: &Tx) -> Result<()> {
    let wake = Query::update()
        .table("mail")
        .value("next_at", tx.now())
        .value("attempts", Expr::col("attempts").sub(1))
        .and_where(Expr::col("next_at").gt(tx.now()))
        .and_where(Expr::col("last_error").is_not_null())
        .take();
    tx.change_unscoped(&wake).await.map(drop)
}

/// The pause after a number of attempts.
fn pause(attempts: i32) -> Duration {
    let doubled = u32::try_from(attempts - 1).ok().and_then(|times| 2u32.checked_pow(times));
    doubled.map_or(LONGEST, |times| Ord::min(PAUSE.saturating_mul(times), LONGEST))
}

/// Replaces the locked row with the same id.
async fn replace(tx: &Tx, row: &Waiting) -> Result<()> {
    tx.delete_internal::<Waiting>(row.id).await?;
    tx.insert_internal(row).await
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
