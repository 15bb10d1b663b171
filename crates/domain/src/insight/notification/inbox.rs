//! The operations on an inbox, and its retention.
//!
//! Invariant: read notifications are kept for [`KEPT`], and an inbox is cut to the newest [`MOST`]
//! notifications. What is deleted for that is not audited.

use std::time::Duration;

use sea_orm::{
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{ExprTrait, SelectStatement},
};

use super::{Notification, entity};
use crate::{
    Context, Repository, Result, Scope, System, Timestamp, Tx,
    identity::tenant,
    kernel::{
        change::ChangeType,
        error::Kind,
        policy::{self, Action},
        repository::{Evidence, Precondition, Resource, SWEEP, Update, field, readable},
    },
};

/// How long a read notification is kept.
const KEPT: Duration = Duration::from_hours(90 * 24);
/// How many notifications an inbox keeps. Beyond that, the oldest are deleted, read or not.
const MOST: u64 = 1000;
/// How many rows are read at once.
const PAGE: u64 = 200;

/// The number of unread notifications of the caller.
///
/// # Errors
/// `InsufficientScope`.
pub async fn count_unread(repository: &Repository, ctx: &Context) -> Result<i64> {
    let scope = repository.read(ctx);
    let unread = entity::Column::Unread.eq(true);
    scope.count::<Notification>(scope.visible::<Notification>(sea_orm::Condition::all().add(unread))?).await
}

/// Marks a notification as read. One that was read before stays unchanged.
///
/// # Errors
/// `NotFound`, and those of the precondition.
pub async fn read(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<Notification> {
    note(tx, tx.resolve(id, Update).await?, pre).await
}

/// Marks all notifications of the caller as read. Page by page, with the records of each page, so
/// that the memory in use is bounded.
///
/// # Errors
/// `InsufficientScope`; `Forbidden` for a service account, which has no inbox.
pub async fn read_all(tx: &Tx) -> Result<()> {
    policy::permit(tx.ctx(), Notification::TYPE, Action::Update)?;
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
                // It was deleted since the page was read.
                Err(error) if error.kind() == Kind::NotFound => {}
                seen => drop(note(tx, seen?, &Precondition::Any).await?),
            }
        }
        tx.write_records().await?;
    }
}

/// Sets the read time of a notification, unless it has one.
async fn note(tx: &Tx, seen: Evidence<Notification, Update>, pre: &Precondition) -> Result<Notification> {
    let row = seen.row().clone();
    let row = Notification { read_at: row.read_at.or(Some(tx.now())), ..row };
    tx.update_as(ChangeType::Read, seen, row, pre).await
}

impl Repository {
    /// Deletes notifications that were read more than 90 days ago. In inboxes that got a
    /// notification since a time, also deletes the oldest beyond the limit.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn forget_notifications(&self, system: &System, since: Option<Timestamp>) -> Result<()> {
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

/// The users of the tenant who got a notification since a time and have too many.
fn full(scope: &Scope, since: Option<Timestamp>) -> SelectStatement {
    let notifications = || scope.owned::<Notification>().select_only().column(entity::Column::UserId);
    let grown =
        notifications().filter(entity::Column::Id.gte(since.map_or(Uuid::nil(), Timestamp::first_id)));
    notifications()
        .filter(entity::Column::UserId.in_subquery(grown.into_query()))
        .group_by(entity::Column::UserId)
        .having(entity::Column::Id.count().gt(i64::try_from(MOST).unwrap_or(i64::MAX)))
        .into_query()
}

/// Deletes a few of the oldest notifications of a user who has too many. Returns whether there were
/// any.
async fn trim(tx: &Tx, user: Uuid) -> Result<bool> {
    let oldest = tx
        .owned::<Notification>()
        .filter(entity::Column::UserId.eq(user))
        .order_by_desc(entity::Column::Id)
        .offset(MOST)
        .limit(SWEEP);
    let rows: Vec<Notification> = tx.all(&oldest.into_query()).await?;
    for row in &rows {
        tx.delete_internal::<Notification>(row.id).await?;
    }
    Ok(!rows.is_empty())
}
