//! The names of a tenant's actors, of whatever table they are.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType};
use uuid::Uuid;

use super::{Scope, field};
use crate::Result;

/// The tables of those who act, or did, and the columns of their names.
const NAMED: [(&str, &str); 3] =
    [("user", "username"), ("former_user", "username"), ("service_account", "name")];

impl Scope {
    /// The names of those of the tenant's actors who have these ids.
    pub(crate) async fn names(&self, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let [mut names, rest @ ..] = NAMED.map(|(table, name)| self.named(table, name, ids));
        names.unions(rest.map(|more| (UnionType::All, more)));
        self.rows(&names).await?.iter().map(|row| Ok((field(row, 0)?, field(row, 1)?))).collect()
    }

    fn named(&self, table: &'static str, name: &'static str, ids: &[Uuid]) -> SelectStatement {
        Query::select()
            .columns(["id", name])
            .from(table)
            .and_where(Expr::col("tenant_id").eq(self.ctx.tenant()))
            .and_where(Expr::col("id").is_in(ids.iter().copied()))
            .take()
    }
}
