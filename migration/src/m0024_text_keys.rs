//! Names and the search texts of users, folded by [`crate::text`], and the version of the folding
//! of search terms.
//!
//! Each row is written by itself, and only if it changes. So an interrupted migration continues
//! where it stopped.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{QueryResult, prelude::Uuid},
};

use crate::{
    manager::{MigrationTrait, SchemaManager},
    text,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The tables with unique names, and the maximum length of the names.
const NAMED: [(&str, usize); 4] = [("client", 200), ("team", 200), ("label", 50), ("request_type", 100)];
/// The number of rows that are read at once.
const PAGE: u64 = 500;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// The terms stay in use until the server has made them again, some rows at a time.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut folding = ColumnDef::new("folding").small_integer().not_null().default(0).take();
        manager.alter_table(Table::alter().table("search_text").add_column(&mut folding).take()).await?;
        for (table, longest) in NAMED {
            let mut rows = Rows::of(table, &["name", "name_key"]);
            while let Some(page) = rows.next(manager).await? {
                for row in page {
                    fold_name(manager, table, longest, &row).await?;
                }
            }
        }
        let mut users = Rows::of("user", &["username", "first_name", "last_name", "search"]);
        while let Some(page) = users.next(manager).await? {
            for row in page {
                fold_user(manager, &row).await?;
            }
        }
        Ok(())
    }

    /// Folded values stay. The previous version writes its own key with the next change of a row.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("search_text").drop_column("folding").take()).await
    }
}

/// Writes the key of a row's name. If another row of the tenant has the key already, the id of the
/// row makes it different, and both keep their names.
async fn fold_name(
    manager: &SchemaManager<'_>,
    table: &'static str,
    longest: usize,
    row: &QueryResult,
) -> Result<(), DbErr> {
    let (tenant, id): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let (name, kept): (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    let key = text::name_key(&name, longest);
    let apart = text::apart(&key, id);
    if kept == key || kept == apart {
        return Ok(());
    }
    let same = Query::select()
        .column("id")
        .from(table)
        .and_where(Expr::col("tenant_id").eq(tenant))
        .and_where(Expr::col("name_key").eq(key.clone()))
        .take();
    let is_taken = !manager.query_all(&same).await?.is_empty();
    write(manager, table, (tenant, id), ("name_key", if is_taken { apart } else { key })).await
}

async fn fold_user(manager: &SchemaManager<'_>, row: &QueryResult) -> Result<(), DbErr> {
    let key = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let text = |place| row.try_get_by_index::<String>(place);
    let search = text::user_search([&text(2)?, &text(3)?, &text(4)?]);
    if search == text(5)? { Ok(()) } else { write(manager, "user", key, ("search", search)).await }
}

async fn write(
    manager: &SchemaManager<'_>,
    table: &'static str,
    (tenant, id): (Uuid, Uuid),
    (column, value): (&'static str, String),
) -> Result<(), DbErr> {
    let update = Query::update()
        .table(table)
        .value(column, value)
        .and_where(Expr::col("tenant_id").eq(tenant))
        .and_where(Expr::col("id").eq(id))
        .take();
    manager.execute(update).await
}

/// The rows of a table in the order of their ids, by the page.
struct Rows {
    table: &'static str,
    columns: &'static [&'static str],
    after: Option<(Uuid, Uuid)>,
}

impl Rows {
    fn of(table: &'static str, columns: &'static [&'static str]) -> Self {
        Self { table, columns, after: None }
    }

    async fn next(&mut self, manager: &SchemaManager<'_>) -> Result<Option<Vec<QueryResult>>, DbErr> {
        let mut page = Query::select()
            .columns(["tenant_id", "id"])
            .columns(self.columns.iter().copied())
            .from(self.table)
            .order_by("tenant_id", Order::Asc)
            .order_by("id", Order::Asc)
            .limit(PAGE)
            .take();
        if let Some((tenant, id)) = self.after {
            let same = Expr::col("tenant_id").eq(tenant).and(Expr::col("id").gt(id));
            page.and_where(Expr::col("tenant_id").gt(tenant).or(same));
        }
        let page = manager.query_all(&page).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some((last.try_get_by_index(0)?, last.try_get_by_index(1)?));
        Ok(Some(page))
    }
}
