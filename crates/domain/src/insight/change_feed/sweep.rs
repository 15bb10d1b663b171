//! Removes old events from the change feed.
//!
//! Invariant: the oldest are removed first, so that the remaining positions have no gap.

use std::time::Duration;

use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::{
    Context, Repository, Result, System,
    kernel::{
        event::{Event, entity::Column},
        repository::{SWEEP, field},
    },
};

/// The number of tenants that are read at once.
const TENANTS: u64 = 100;

impl Repository {
    /// Removes the events that are older than `kept`.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn forget_events(&self, system: &System, kept: Duration) -> Result<()> {
        let mut after = Some(Uuid::nil());
        while let Some(id) = after {
            let tenants = Query::select()
                .column("tenant_id")
                .from("feed")
                .and_where(Expr::col("tenant_id").gt(id))
                .order_by("tenant_id", sea_orm::Order::Asc)
                .limit(TENANTS)
                .take();
            after = None;
            for row in &self.unscoped(system).rows(&tenants).await? {
                let tenant = field(row, 0)?;
                while self.forget_some(&system.within(tenant), kept).await? {}
                after = Some(tenant);
            }
        }
        Ok(())
    }

    /// Removes some old events of a tenant; true if there may be more.
    async fn forget_some(&self, ctx: &Context, kept: Duration) -> Result<bool> {
        let (scope, before) = (self.read(ctx), ctx.now().minus(kept));
        let oldest = scope.owned::<Event>().filter(Column::Position.is_not_null());
        let oldest = oldest.order_by_asc(Column::Position).limit(SWEEP).into_query();
        let oldest: Vec<Event> = scope.all(&oldest).await?;
        let old = oldest.iter().take_while(|event| event.at < before).count();
        let Some(last) = old.checked_sub(1).and_then(|last| oldest.get(last)) else { return Ok(false) };
        let delete = Query::delete()
            .from_table("event")
            .and_where(Expr::col("tenant_id").eq(ctx.tenant()))
            .and_where(Expr::col("position").lte(last.position))
            .take();
        self.write(ctx, delete, |tx, delete| {
            Box::pin(async move { tx.change_unscoped(delete).await.map(drop) })
        })
        .await?;
        Ok(old as u64 == SWEEP)
    }
}
