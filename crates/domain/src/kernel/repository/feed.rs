//! The order of a tenant's changes: each event has a position, counted in the transaction that writes it, as the last thing before its commit.
//!
//! Invariant: positions are in the order of the commits and without a gap, however many transactions of however many nodes commit at once, because the
//! tenant's row in `feed` is locked from the counting on: whoever has read up to a position never misses one below it. Nothing else is locked after that
//! row, so nobody waits for another who holds it.

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

/// The table.
const TABLE: &str = "feed";
/// The column of events with their positions.
pub(super) const POSITION: &str = "position";
/// What PostgreSQL's one statement calls the count.
pub(super) const COUNTED: &str = "counted";
/// How often a node looks for what others have committed, while somebody follows.
const INTERVAL: Duration = Duration::from_millis(500);
/// The pause between two looks: what is committed meanwhile is told together.
const PAUSE: Duration = Duration::from_millis(20);
/// For how many tenants it looks at once.
const TENANTS: usize = 200;

/// The row that counts up a tenant's feed.
pub(super) fn counting(tenant: Uuid, number: usize) -> Batch {
    let row = vec![tenant.into(), whole(number).into()];
    Batch { table: TABLE, columns: vec!["tenant_id", "last"], rows: vec![row] }
}

/// The statement that counts up, telling the last position.
pub(super) fn returning(insert: &mut InsertStatement) -> &mut InsertStatement {
    let more = Expr::col((TABLE, "last")).add(Expr::col(("excluded", "last")));
    insert.on_conflict(OnConflict::column("tenant_id").value("last", more).to_owned());
    insert.returning_col("last")
}

/// A position in PostgreSQL's one statement, from how far it is from the last one.
pub(super) fn counted() -> Expr {
    Expr::cust_with_values(format!("(SELECT last FROM {COUNTED}) + $1"), [0_i64])
}

/// Gives events the positions up to the last one, in their order.
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

/// Counts up a tenant's feed, whose row stays locked from here on; the last position.
async fn count_up(tenant: Uuid, number: usize, conn: &Conn) -> Result<i64, DbErr> {
    let number = whole(number);
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns(["tenant_id", "last"]);
    if conn.backend() == DbBackend::MySql {
        // The server tells the number that a statement names so.
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
    /// The position of the tenant's last change; 0 before there is any.
    pub(crate) async fn last_position(&self) -> Result<i64> {
        let own = Expr::col("tenant_id").eq(self.ctx.tenant());
        let rows = self.rows(&Query::select().column("last").from(TABLE).and_where(own).take()).await?;
        rows.first().map_or(Ok(0), |row| field(row, 0))
    }
}

/// Who follows which tenant's changes on this node.
#[derive(Default)]
pub(super) struct Followers {
    /// This node has committed something.
    written: Notify,
    /// The last position of a tenant that somebody follows, as far as this node knows it.
    tenants: Mutex<HashMap<Uuid, watch::Sender<i64>>>,
}

impl Followers {
    /// Looks at once for what there is to tell.
    pub(super) fn wake(&self) {
        self.written.notify_one();
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<i64>>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenants that somebody still follows.
    fn followed(&self) -> Vec<Uuid> {
        let mut tenants = self.tenants();
        tenants.retain(|_, told| told.receiver_count() > 0);
        tenants.keys().copied().collect()
    }

    fn tell(&self, tenant: Uuid, last: i64) {
        if let Some(told) = self.tenants().get(&tenant) {
            told.send_if_modified(|known| std::mem::replace(known, last) != last);
        }
    }
}

impl Repository {
    /// Changes whenever there may be something new in a tenant's feed, whichever node has committed it.
    pub(crate) fn follow(&self, tenant: Uuid) -> watch::Receiver<i64> {
        self.0.followers.tenants().entry(tenant).or_default().subscribe()
    }

    /// Looks again and again for what was committed, for all who follow at once, until the future is dropped: when this node has committed, and by the
    /// clock for the others.
    pub async fn watch_feeds(self) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.0.followers.written.notified() => {}
            }
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "what was committed can't be told to those who follow");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn look(&self) -> Result<()> {
        let system = self.system("telling what was committed", Request::default());
        for some in self.0.followers.followed().chunks(TENANTS) {
            let theirs = Expr::col("tenant_id").is_in(some.iter().copied().map(Value::from));
            let select = Query::select().columns(["tenant_id", "last"]).from(TABLE).and_where(theirs).take();
            for row in self.unscoped(&system).rows(&select).await? {
                self.0.followers.tell(field(&row, 0)?, field(&row, 1)?);
            }
        }
        Ok(())
    }
}
