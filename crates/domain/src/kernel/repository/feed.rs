//! The order of a tenant's changes. Each event has a position, which is counted in the transaction
//! that writes it, immediately before its commit.
//!
//! Invariant: positions are in the order of the commits and have no gaps, however many transactions
//! of however many nodes commit at once. A reader that has read up to a position never misses an
//! event below it. The count locks the tenant's row in `feed` until the commit. Nothing else is
//! locked after that row, so no deadlock involves it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sea_orm::{
    DbBackend, DbErr, Value,
    sea_query::{Expr, ExprTrait, InsertStatement, OnConflict, Query},
};
use tokio::{
    sync::{Notify, watch},
    time::MissedTickBehavior,
};
use uuid::Uuid;

use super::{Conn, Repository, Scope, batch::Batch, field};
use crate::{
    Result,
    kernel::{context::Request, event::Event},
};

/// The table of the counts.
const TABLE: &str = "feed";
/// The column of an event with its position.
pub(super) const POSITION: &str = "position";
/// The name of the count in PostgreSQL's combined statement.
pub(super) const COUNTED: &str = "counted";
/// The interval at which a node reads the positions that other nodes have committed, while it has
/// followers.
const INTERVAL: Duration = Duration::from_millis(500);
/// The pause between two reads. One read covers everything that is committed in it.
const PAUSE: Duration = Duration::from_millis(20);
/// The number of tenants that one query reads.
const TENANTS: usize = 200;

/// The row that adds `number` to a tenant's count.
pub(super) fn counting(tenant: Uuid, number: usize) -> Batch {
    let row = vec![tenant.into(), whole(number).into()];
    Batch { table: TABLE, columns: vec!["tenant_id", "last"], rows: vec![row] }
}

/// Makes the statement add to the count and return the last position.
pub(super) fn returning(insert: &mut InsertStatement) -> &mut InsertStatement {
    let more = Expr::col((TABLE, "last")).add(Expr::col(("excluded", "last")));
    insert.on_conflict(OnConflict::column("tenant_id").value("last", more).to_owned());
    insert.returning_col("last")
}

/// The position of an event in PostgreSQL's combined statement: the count plus the event's distance
/// from the last one.
pub(super) fn counted() -> Expr {
    Expr::cust_with_values(format!("(SELECT last FROM {COUNTED}) + $1"), [0_i64])
}

/// Gives events consecutive positions that end with `last`, in their order.
pub(super) fn count_back<'a>(events: impl DoubleEndedIterator<Item = &'a mut Event>, last: i64) {
    for (event, back) in events.rev().zip(0..) {
        event.position = Some(last - back);
    }
}

/// Gives events their positions, in their order for each tenant.
pub(super) async fn number(events: &mut [Event], conn: &Conn) -> Result<(), DbErr> {
    let mut tenants = BTreeMap::<Uuid, Vec<&mut Event>>::new();
    for event in events {
        tenants.entry(event.tenant_id).or_default().push(event);
    }
    for (tenant, events) in tenants {
        let last = count_up(tenant, events.len(), conn).await?;
        count_back(events.into_iter(), last);
    }
    Ok(())
}

/// Adds to a tenant's count and returns the last position. The row stays locked until the commit.
async fn count_up(tenant: Uuid, number: usize, conn: &Conn) -> Result<i64, DbErr> {
    let number = whole(number);
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns(["tenant_id", "last"]);
    if conn.backend() == DbBackend::MySql {
        // `LAST_INSERT_ID(x)` makes the server return `x` with the result of the statement.
        let named = |sql: &str| Expr::cust_with_values(sql.to_owned(), [number]);
        insert.values_panic([Expr::value(tenant), named("LAST_INSERT_ID(?)")]);
        let more = named("LAST_INSERT_ID(last + ?)");
        insert.on_conflict(OnConflict::column("tenant_id").value("last", more).to_owned());
        return conn.inserted(&insert).await;
    }
    insert.values_panic([Expr::value(tenant), Expr::value(number)]);
    let rows = conn.rows(returning(&mut insert)).await?;
    let last = rows.first().map(|row| row.try_get_by_index(0)).transpose()?;
    last.ok_or_else(|| DbErr::RecordNotInserted)
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Scope {
    /// The position of the tenant's last change; 0 if there is none.
    pub(crate) async fn last_position(&self) -> Result<i64> {
        let own = Expr::col("tenant_id").eq(self.ctx.tenant());
        let rows = self.rows(&Query::select().column("last").from(TABLE).and_where(own).take()).await?;
        rows.first().map_or(Ok(0), |row| field(row, 0))
    }
}

/// The tenants whose changes somebody on this node follows.
#[derive(Default)]
pub(super) struct Followers {
    /// Wakes the reader: this node has committed something.
    written: Notify,
    /// The last position of each followed tenant that this node has read.
    tenants: Mutex<HashMap<Uuid, watch::Sender<i64>>>,
}

impl Followers {
    /// Makes [`Repository::watch_feeds`] read the positions immediately.
    pub(super) fn wake(&self) {
        self.written.notify_one();
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<i64>>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenants that still have a follower.
    fn followed(&self) -> Vec<Uuid> {
        let mut tenants = self.tenants();
        tenants.retain(|_, follower| follower.receiver_count() > 0);
        tenants.keys().copied().collect()
    }

    fn notify(&self, tenant: Uuid, last: i64) {
        if let Some(follower) = self.tenants().get(&tenant) {
            follower.send_if_modified(|known| std::mem::replace(known, last) != last);
        }
    }
}

impl Repository {
    /// A receiver of the last position of a tenant's change feed. It changes when any node has
    /// committed something.
    pub(crate) fn follow(&self, tenant: Uuid) -> watch::Receiver<i64> {
        self.0.followers.tenants().entry(tenant).or_default().subscribe()
    }

    /// Reads the positions of all followed tenants again and again, until the future is dropped. It
    /// reads when this node has committed, and every 500 ms for the other nodes.
    pub async fn watch_feeds(self) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.0.followers.written.notified() => {}
            }
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "can't read the positions of the change feeds");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn look(&self) -> Result<()> {
        let system = self.system("following the change feeds", Request::default());
        for some in self.0.followers.followed().chunks(TENANTS) {
            let theirs = Expr::col("tenant_id").is_in(some.iter().copied().map(Value::from));
            let select = Query::select().columns(["tenant_id", "last"]).from(TABLE).and_where(theirs).take();
            for row in self.unscoped(&system).rows(&select).await? {
                self.0.followers.notify(field(&row, 0)?, field(&row, 1)?);
            }
        }
        Ok(())
    }
}
