//! The tenants that have something due, for the background tasks that serve tenants in turn.

use sea_orm::{
    Order,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use super::{Repository, field};
use crate::{Instant, Result, System};

/// A limit that is above the number of due rows.
const MANY: u64 = 1_000_000;

impl Repository {
    /// The tenants with due rows: those of `table` whose timestamp in `column` is not in the
    /// future. The tenant with the oldest due row comes first. It returns at most `most` tenants.
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

/// The inner query reads only the due rows, by the index on the column. Without its limit a
/// database may group by the primary key instead, and read all rows.
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
