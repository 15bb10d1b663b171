//! What a user does with their inbox, and how much of it is kept.

use std::time::Duration;

use sea_orm::{
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{ExprTrait, SelectStatement},
};

use super::{Notification, entity};
use crate::{
    Context, Instant, Result, Scope, Store, System, Tx,
    error::Kind,
    policy::{self, Action},
    store::{Evidence, Noun, Precondition, SWEEP, Update, field, readable},
    tenant,
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
        .filter(readable::<Notification>(tx.ctx()))
        .order_by_asc(entity::Column::Id)
        .limit(PAGE);
    let mut last = Uuid::nil();
    loop {
        let page = unread.clone().filter(entity::Column::Id.gt(last)).into_query();
        let page: Vec<Notification> = tx.all(&page).await?;
        let Some(end) = page.last() else { return Ok(()) };
        last = end.id;
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
    /// Forgets what was read three months ago, and the oldest of what is too much in the inboxes that have grown since an instant.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_notifications(&self, system: &System, since: Option<Instant>) -> Result<()> {
        self.housekeep(system, "notification", "read_at", system.now().minus(KEPT)).await?;
        for tenant in tenant::ids(self, system).await? {
            let ctx = system.within(tenant);
            let scope = self.read(&ctx);
            let users = scope.rows(&full(&scope, since)).await?;
            for user in users {
                let user: Uuid = field(&user, 0)?;
                while self.write(&ctx, user, |tx, user| Box::pin(trim(tx, *user))).await? {}
            }
        }
        Ok(())
    }
}

/// The users of the tenant who got a notification since an instant, and have too many.
fn full(scope: &Scope, since: Option<Instant>) -> SelectStatement {
    let notifications = || scope.owned::<Notification>().select_only().column(entity::Column::UserId);
    let grown = notifications().filter(entity::Column::Id.gte(since.map_or(Uuid::nil(), Instant::first_id)));
    notifications()
        .filter(entity::Column::UserId.in_subquery(grown.into_query()))
        .group_by(entity::Column::UserId)
        .having(entity::Column::Id.count().gt(i64::try_from(MOST).unwrap_or(i64::MAX)))
        .into_query()
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
