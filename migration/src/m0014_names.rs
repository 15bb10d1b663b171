//! Names that are unique whatever their letters' case and their blanks: a key beside each, by which they are compared.

use std::collections::HashSet;

use sea_orm_migration::{prelude::*, sea_orm::prelude::Uuid};

use crate::{
    dialect::Dialect,
    manager::{MigrationTrait, SchemaManager},
    schema::index,
};

/// The tables, and how long their names are.
const TABLES: [(&str, u32); 4] = [("client", 200), ("team", 200), ("label", 50), ("request_type", 100)];
const KEY: &str = "name_key";
/// How many rows are read at once.
const PAGE: u64 = 500;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        for (table, longest) in TABLES {
            // A letter may become two, and a blank and an id may follow.
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

/// Gives the rows that there are their keys.
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

/// The keys that were given.
#[derive(Default)]
struct Keys(HashSet<(Uuid, String)>);

impl Keys {
    /// The key of a row's name. A row whose name an older one of the tenant has already, but for case and blanks, stays as it is: its id makes it
    /// another.
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
        // The longest that a key can be has room.
        let longest = keys.of(tenant, id, &"İ".repeat(200));
        assert!(longest.chars().count() + 37 <= 440);
    }
}
