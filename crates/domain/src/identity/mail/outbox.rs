//! The outbox: which mail is next, and what came of it.
//!
//! Invariant: a mail is sent at least once. Whoever sends it claims it for a while, under its row's lock, so that two nodes don't send the same;
//! its row goes when the mail was accepted. A node that dies in between lets the claim lapse, and another sends it. Only what is about the mail
//! itself counts against it: while the server can't be used, mail loses no try.

use std::time::Duration;

use sea_orm::{
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, Query},
};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Mail, Waiting, entity, purpose, seal};
use crate::{Repository, Result, System, Tx, identity::tenant::Tenant, kernel::policy::ResourceType};

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

/// What a claim found.
#[derive(Debug)]
pub enum Next {
    /// No mail is due.
    Nothing,
    /// A mail that is not sent.
    Discarded,
    /// A mail to send.
    Mail(Claimed),
}

/// What came of a mail that was to be sent, with a reason where it was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was accepted.
    Accepted,
    /// It was refused for good.
    Refused(String),
    /// It was not accepted for now.
    Deferred(String),
    /// The server can't be used, whatever the mail.
    Unreachable(String),
}

impl Repository {
    /// Tenants whose mail is due, the one that waits longest first. Each gets its turn, so that one's many mails don't delay another's few.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tenants_with_mail(&self, system: &System, most: u64) -> Result<Vec<Uuid>> {
        self.tenants_due(system, "mail", "next_at", most).await
    }

    /// Lets all mail that was deferred be tried at once: a server that accepted nothing for a while accepts again. This try is not counted.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn wake_deferred_mail(&self, system: &System) -> Result<()> {
        let ctx = system.within(Uuid::nil());
        self.write(&ctx, (), |tx, ()| Box::pin(wake_deferred(tx))).await
    }

    /// Forgets mail that has waited for days, where none is sent.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_mail(&self, system: &System) -> Result<()> {
        // Mail that was never tried is due from when it was written, or from the end of the recipient's quiet hours.
        self.housekeep(system, "mail", "next_at", system.now().minus(KEPT)).await
    }
}

/// Claims the mail of the tenant that is due first, if there is one.
///
/// # Errors
/// Those of the store.
pub async fn claim(tx: &Tx) -> Result<Next> {
    let due = tx.owned::<Waiting>().filter(entity::Column::NextAt.lte(tx.now()));
    let first = due.order_by_asc(entity::Column::NextAt).order_by_asc(entity::Column::Id).limit(1);
    let Some(Waiting { id, .. }) = tx.all(&first.into_query()).await?.into_iter().next() else {
        return Ok(Next::Nothing);
    };
    // Another node may have claimed it before its row was locked here.
    let Some(row) = tx.find_internal::<Waiting>(id).await?.filter(|row| row.next_at <= tx.now()) else {
        return Ok(Next::Nothing);
    };
    let row = Waiting { attempts: row.attempts + 1, next_at: tx.now().plus(CLAIM), last_error: None, ..row };
    let mail = match open(tx, &row) {
        Ok(mail) => mail,
        Err(why) => {
            tracing::error!(mail = %id, why, "a mail can't be read");
            put_off(tx, row, why).await?;
            return Ok(Next::Discarded);
        }
    };
    let Some(mail) = mail.current(tx).await? else {
        tracing::info!(mail = %id, "a mail is not sent: its link is of no use any more");
        tx.delete_internal::<Waiting>(id).await?;
        return Ok(Next::Discarded);
    };
    let row = Waiting { sealed: seal(tx, id, &mail)?, ..row };
    replace(tx, &row).await?;
    let tenant = tx.find::<Tenant>(row.tenant_id, false).await?.map(|tenant| tenant.name).unwrap_or_default();
    Ok(Next::Mail(Claimed { id, recipient: row.recipient, tenant, mail }))
}

/// What a mail is about, or why that can't be read.
fn open(tx: &Tx, row: &Waiting) -> Result<Mail, &'static str> {
    let text = tx.cipher().open(&row.sealed, &purpose(&row.tenant_id, &row.id));
    let text = text.map_err(|_| "It was sealed with another encryption key.")?;
    serde_json::from_str(text.expose_secret()).map_err(|_| "It is of another version.")
}

/// Records what came of a mail that was claimed.
///
/// # Errors
/// Those of the store.
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

/// Lets a mail wait for another try, if it has one left.
async fn put_off(tx: &Tx, row: Waiting, why: &str) -> Result<()> {
    if row.attempts >= TRIES {
        return give_up(tx, &row, why).await;
    }
    let next_at = tx.now().plus(pause(row.attempts));
    let last_error = Some(why.chars().take(500).collect());
    replace(tx, &Waiting { next_at, last_error, ..row }).await
}

/// Removes a mail, and tells the tenant's admins why in the audit.
async fn give_up(tx: &Tx, row: &Waiting, why: &str) -> Result<()> {
    tracing::error!(mail = %row.id, attempts = row.attempts, why, "a mail is given up");
    let what = json!({ "recipient": row.recipient, "attempts": row.attempts, "why": why });
    tx.note(ResourceType::Tenant, "mail_undelivered", row.tenant_id, &what)?;
    tx.delete_internal::<Waiting>(row.id).await
}

/// Mail that a sender has claimed has no `last_error`, and stays as it is.
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

/// The pause after so many tries.
fn pause(attempts: i32) -> Duration {
    let doubled = u32::try_from(attempts - 1).ok().and_then(|times| 2u32.checked_pow(times));
    doubled.map_or(LONGEST, |times| Ord::min(PAUSE.saturating_mul(times), LONGEST))
}

/// Puts a row in the place of the one with its id, which is locked.
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
