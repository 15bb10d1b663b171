//! Which tenants have something due, for the background work that gives each tenant its turn.

use sea_orm::{
    Order,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use super::{Repository, field};
use crate::{Instant, Result, System};

/// More rows than are due at once.
const MANY: u64 = 1_000_000;

impl Repository {
    /// Tenants with rows of a table that are due by a column, the one that waits longest first.
    pub(crate) async fn tenants_due(
        &self,
        system: &System,
        table: &'static str,
        column: &'static str,
        most: u64,
    ) -> Result<Vec<Uuid>> {
        let tenants = tenants(table, column, system.now(), most);
        let rows = self.unscoped(system).rows(&tenants).await?;
        rows.iter().map(|row| field(row, 0)).collect()
    }
}

/// The rows that are due are read first, by the index on the column. Without that limit a database may group by the primary key instead, and so read
/// all rows.
fn tenants(table: &'static str, column: &'static str, now: Instant, most: u64) -> SelectStatement {
    let due = Query::select()
        .columns(["tenant_id", column])
        .from(table)
        .and_where(Expr::col(column).lte(now))
        .order_by(column, Order::Asc)
        .limit(MANY)
        .take();
    Query::select()
        .column("tenant_id")
        .from_subquery(due, "due")
        .group_by_col("tenant_id")
        .order_by_expr(Expr::col(column).min(), Order::Asc)
        .limit(most)
        .take()
}
