//! Names that are unique regardless of case and spaces: each has a key by which it is compared.

use std::collections::HashSet;

use sea_orm_migration::{prelude::*, sea_orm::prelude::Uuid};

use crate::{
    dialect::Dialect,
    manager::{MigrationTrait, SchemaManager},
    schema::index,
};

/// The tables, and the maximum length of their names.
const TABLES: [(&str, u32); 4] = [("client", 200), ("team", 200), ("label", 50), ("request_type", 100)];
const KEY: &str = "name_key";
/// The number of rows that are read at once.
const PAGE: u64 = 500;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        for (table, longest) in TABLES {
            // Folding can make two characters of one. A space and an id can follow.
            let mut key = d.text(KEY, longest * 2 + 40).not_null().default("").take();
            manager.alter_table(Table::alter().table(table).add_column(&mut key).take()).await?;
            fill(manager, table).await?;
            manager
                .drop_index(Index::drop().name(format!("{table}_name_key")).table(table).to_owned())
                .await?;
            let unique = index(&format!("{table}_folded_key"), table, &["tenant_id", KEY]).unique().take();
            manager.create_index(unique).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _) in TABLES {
            manager
                .drop_index(Index::drop().name(format!("{table}_folded_key")).table(table).to_owned())
                .await?;
            manager.alter_table(Table::alter().table(table).drop_column(KEY).take()).await?;
            let unique = index(&format!("{table}_name_key"), table, &["tenant_id", "name"]).unique().take();
            manager.create_index(unique).await?;
        }
        Ok(())
    }
}

/// Fills the keys of the rows that exist.
async fn fill(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    let mut keys = Keys::default();
    for page in 0.. {
        let some = Query::select()
            .columns(["tenant_id", "id", "name"])
            .from(table)
            .order_by("tenant_id", Order::Asc)
            .order_by("id", Order::Asc)
            .limit(PAGE)
            .offset(page * PAGE)
            .take();
        let some = manager.query_all(&some).await?;
        if some.is_empty() {
            break;
        }
        for row in some {
            let (tenant, id): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let key = keys.of(tenant, id, &row.try_get_by_index::<String>(2)?);
            let update = Query::update()
                .table(table)
                .value(KEY, key)
                .and_where(Expr::col("tenant_id").eq(tenant))
                .and_where(Expr::col("id").eq(id))
                .take();
            manager.execute(update).await?;
        }
    }
    Ok(())
}

/// The keys that are in use.
#[derive(Default)]
struct Keys(HashSet<(Uuid, String)>);

impl Keys {
    /// The key of a row's name. If an older row of the tenant has the key already, the row keeps
    /// its name, and its id makes the key different.
    fn of(&mut self, tenant: Uuid, id: Uuid, name: &str) -> String {
        let blanks = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let key: String = blanks.chars().flat_map(char::to_lowercase).collect();
        if self.0.insert((tenant, key.clone())) { key } else { format!("{key} {id}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_twice_already_gets_keys_of_its_own() {
        let (tenant, other, id) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let mut keys = Keys::default();
        assert_eq!(keys.of(tenant, Uuid::from_u128(4), "Harbour  Bakery"), "harbour bakery");
        assert_eq!(keys.of(tenant, id, "HARBOUR BAKERY"), format!("harbour bakery {id}"));
        assert_eq!(keys.of(other, id, "harbour bakery"), "harbour bakery");
        // The longest possible key fits.
        let longest = keys.of(tenant, id, &"İ".repeat(200));
        assert!(longest.chars().count() + 37 <= 440);
    }
}
