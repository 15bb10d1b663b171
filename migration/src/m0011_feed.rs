//! The change feed: the position of each event in the order of the commits, counted for each
//! tenant.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    dialect::{Dialect, id},
    manager::{MigrationTrait, SchemaManager},
    schema::index,
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0011_feed"
    }
}

/// The events that exist, in the order of their ids, which is that of their timestamps.
const IN_ORDER: &str =
    "SELECT tenant_id, id, ROW_NUMBER() OVER (PARTITION BY tenant_id ORDER BY id) AS place FROM event";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        // Without a reference to the tenant: on MySQL a write would lock the tenant's row through
        // it, in another order than other transactions do.
        let mut feed = d.table("feed");
        feed.col(id("tenant_id").not_null().primary_key());
        feed.col(ColumnDef::new("last").big_integer().not_null());
        if d.0 == DbBackend::Sqlite {
            feed.extra("WITHOUT ROWID");
        }
        manager.create_table(feed).await?;
        let mut position = ColumnDef::new("position").big_integer().take();
        manager.alter_table(Table::alter().table("event").add_column(position.null()).take()).await?;
        let number = match d.0 {
            DbBackend::MySql => format!(
                "UPDATE event JOIN ({IN_ORDER}) n ON event.tenant_id = n.tenant_id AND event.id = n.id SET event.position = n.place"
            ),
            _ => format!(
                "UPDATE event SET position = n.place FROM ({IN_ORDER}) AS n WHERE event.tenant_id = n.tenant_id AND event.id = n.id"
            ),
        };
        let count = "INSERT INTO feed (tenant_id, last) SELECT tenant_id, MAX(position) FROM event GROUP BY tenant_id";
        manager.execute_text(number).await?;
        manager.fill("feed", count.to_owned()).await?;
        manager
            .create_index(index("event_position_key", "event", &["tenant_id", "position"]).unique().take())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("event_position_key").table("event").to_owned()).await?;
        manager.alter_table(Table::alter().table("event").drop_column("position").take()).await?;
        manager.drop_table(Table::drop().table("feed").take()).await
    }
}
