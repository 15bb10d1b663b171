//! What a user does with their inbox, and how much of it is kept.

use std::time::Duration;

use sea_orm::{
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{Notification, entity};
use crate::{
    Context, Result, Store, System, Tx,
    error::Kind,
    policy::{self, Action},
    store::{Evidence, Noun, Precondition, SWEEP, Update, field},
};

/// For how long what was read is kept.
const KEPT: Duration = Duration::from_hours(90 * 24);
/// The most that a user's inbox holds for long: the oldest go first, read or not.
const MOST: u64 = 1000;
/// How many rows are read at once.
const PAGE: u64 = 200;

/// How many of the caller's notifications are yet to be read.
///
/// # Errors
/// `InsufficientScope`.
pub async fn count_unread(store: &Store, ctx: &Context) -> Result<i64> {
    let scope = store.read(ctx);
    let unread = entity::Column::Unread.eq(true);
    scope.count::<Notification>(scope.visible::<Notification>(sea_orm::Condition::all().add(unread))?).await
}

/// Notes that a notification was read. One that was read before stays as it is.
///
/// # Errors
/// `NotFound`, and those of the precondition.
pub async fn read(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<Notification> {
    note(tx, tx.resolve(id, Update).await?, pre).await
}

/// Notes that all of the caller's notifications were read. They go by the page, and their records with them: what waits in memory is bounded.
///
/// # Errors
/// `InsufficientScope`; `Forbidden` to a service, which has no inbox.
pub async fn read_all(tx: &Tx) -> Result<()> {
    policy::permit(tx.ctx(), Notification::NOUN, Action::Update)?;
    let user = tx.ctx().user().ok_or(Kind::Forbidden)?;
    let unread = tx
        .owned::<Notification>()
        .filter(entity::Column::UserId.eq(user))
        .filter(entity::Column::Unread.eq(true))
        .order_by_asc(entity::Column::Id)
        .limit(PAGE)
        .into_query();
    loop {
        let page: Vec<Notification> = tx.all(&unread).await?;
        if page.is_empty() {
            return Ok(());
        }
        for row in page {
            match tx.resolve(row.id, Update).await {
                // Somebody removed it since it was looked for.
                Err(error) if error.kind() == Kind::NotFound => {}
                seen => drop(note(tx, seen?, &Precondition::Any).await?),
            }
        }
        tx.write_records().await?;
    }
}

async fn note(tx: &Tx, seen: Evidence<Notification, Update>, pre: &Precondition) -> Result<Notification> {
    let row = seen.row().clone();
    let row = Notification { read_at: row.read_at.or(Some(tx.now())), ..row };
    tx.update_as("read", seen, row, pre).await
}

impl Store {
    /// Forgets what was read three months ago, and the oldest of what is too much.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_notifications(&self, system: &System) -> Result<()> {
        self.housekeep(system, "notification", "read_at", system.now().minus(KEPT)).await?;
        let full = Query::select()
            .columns(["tenant_id", "user_id"])
            .from("notification")
            .group_by_columns(["tenant_id", "user_id"])
            .and_having(Expr::col("id").count().gt(i64::try_from(MOST).unwrap_or(i64::MAX)))
            .take();
        for row in self.beyond_tenants(system).rows(&full).await? {
            let (tenant, user): (Uuid, Uuid) = (field(&row, 0)?, field(&row, 1)?);
            while self.write(&system.within(tenant), user, |tx, user| Box::pin(trim(tx, *user))).await? {}
        }
        Ok(())
    }
}

/// Forgets a few of the oldest notifications of a user who has too many. Whether there were any.
async fn trim(tx: &Tx, user: Uuid) -> Result<bool> {
    let oldest = tx
        .owned::<Notification>()
        .filter(entity::Column::UserId.eq(user))
        .order_by_desc(entity::Column::Id)
        .offset(MOST)
        .limit(SWEEP);
    let rows: Vec<Notification> = tx.all(&oldest.into_query()).await?;
    for row in &rows {
        tx.forget::<Notification>(row.id).await?;
    }
    Ok(!rows.is_empty())
}
