//! Identity: invitations, links by email, second factors, service accounts, personal access tokens,
//! pictures, outgoing email and the login throttle.

use sea_orm_migration::{prelude::*, sea_orm::prelude::Uuid};

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
    schema::{create, drop_tables, index, reference, stamped, tenant},
};

/// The tables in the order of their creation. They are dropped in the reverse order.
const TABLES: [&str; 9] = [
    "invitation",
    "link",
    "second_factor",
    "service_account",
    "access_token",
    "picture",
    "former_user",
    "mail",
    "guess",
];

const SESSION_EXPIRES: &str = "session_expires_idx";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        for (table, column) in columns(d) {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        fill_search(manager).await?;
        create(manager, [people(d), programs(d), kept(d)].concat(), indexes()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The other indexes go with their tables.
        manager.drop_index(Index::drop().name(SESSION_EXPIRES).table("session").to_owned()).await?;
        drop_tables(manager, &TABLES).await?;
        let d = Dialect(manager.get_database_backend());
        for (table, column) in columns(d).into_iter().rev() {
            let name = Alias::new(column.get_column_name());
            manager.alter_table(Table::alter().table(table).drop_column(name).take()).await?;
        }
        Ok(())
    }
}

/// The columns that the tables of the core gain.
fn columns(d: Dialect) -> Vec<(&'static str, ColumnDef)> {
    vec![
        ("user", instant("email_verified_at").null().take()),
        ("user", d.text("picture", 255).null().take()),
        ("user", d.text("notification_preferences", 1000).not_null().default("{}").take()),
        ("user", d.text("search", 700).not_null().default("").take()),
        ("user", ColumnDef::new("must_verify_email").boolean().not_null().default(false).take()),
        ("tenant", d.text("registration", 16).not_null().default("invitation").take()),
        ("tenant", d.text("email_domains", 2000).not_null().default("[]").take()),
        ("tenant", ColumnDef::new("require_verified_email").boolean().not_null().default(false).take()),
        ("revocation", id("token_id").null().take()),
    ]
}

/// Fills the search text of the users that exist. No two databases fold letters alike, so it is
/// done here, as the server does it for later writes.
async fn fill_search(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let names = ["tenant_id", "id", "username", "first_name", "last_name"];
    let select = Query::select().columns(names).from("user").take();
    for user in manager.query_all(&select).await? {
        let (tenant, id): (Uuid, Uuid) = (user.try_get_by_index(0)?, user.try_get_by_index(1)?);
        let names: [String; 3] =
            [user.try_get_by_index(2)?, user.try_get_by_index(3)?, user.try_get_by_index(4)?];
        let folded: String = names.join(" ").chars().flat_map(char::to_lowercase).collect();
        let update = Query::update()
            .table("user")
            .value("search", folded)
            .and_where(Expr::col("tenant_id").eq(tenant))
            .and_where(Expr::col("id").eq(id))
            .take();
        manager.execute(update).await?;
    }
    Ok(())
}

/// The tables of users.
fn people(d: Dialect) -> Vec<TableCreateStatement> {
    let invitation = stamped(d.owned("invitation"))
        .col(d.text("email", 254).not_null())
        .col(d.text("role", 16).not_null())
        .col(id("invited_by").null())
        .col(d.text("token_hash", 64).not_null())
        .col(instant("expires_at").not_null())
        .col(instant("accepted_at").null())
        .col(id("accepted_by").null())
        .foreign_key(&mut tenant("invitation"))
        .take();
    let link = d
        .owned("link")
        .col(id("user_id").not_null())
        .col(d.text("purpose", 32).not_null())
        .col(d.text("token_hash", 64).not_null())
        .col(d.text("bound_to", 64).not_null())
        .col(instant("created_at").not_null())
        .col(instant("expires_at").not_null())
        .foreign_key(reference("link", "user_id", "user").on_delete(ForeignKeyAction::Cascade))
        .take();
    let second_factor = stamped(d.owned("second_factor"))
        .col(d.text("sealed_secret", 500).not_null())
        .col(instant("confirmed_at").null())
        .col(ColumnDef::new("last_step").big_integer().not_null())
        .col(d.text("recovery_hashes", 1000).not_null())
        .foreign_key(reference("second_factor", "id", "user").on_delete(ForeignKeyAction::Cascade))
        .take();
    let picture = d
        .owned("picture")
        .col(d.text("content_type", 32).not_null())
        .col(d.text("digest", 64).not_null())
        .col(d.bytes("bytes").not_null())
        .foreign_key(reference("picture", "id", "user").on_delete(ForeignKeyAction::Cascade))
        .take();
    let former_user = d
        .owned("former_user")
        .col(d.text("username", 64).not_null())
        .col(d.text("first_name", 100).not_null())
        .col(d.text("last_name", 100).not_null())
        .col(instant("deleted_at").not_null())
        .take();
    vec![invitation, link, second_factor, picture, former_user]
}

/// The credentials of programs.
fn programs(d: Dialect) -> Vec<TableCreateStatement> {
    let service_account = stamped(d.owned("service_account"))
        .col(d.text("name", 100).not_null())
        .col(d.text("scopes", 2000).not_null())
        .col(ColumnDef::new("is_active").boolean().not_null())
        .col(d.text("secret_hash", 64).not_null())
        .col(d.text("previous_hash", 64).null())
        .col(instant("previous_expires_at").null())
        .col(instant("expires_at").null())
        .col(instant("last_used_at").null())
        .foreign_key(&mut tenant("service_account"))
        .take();
    let access_token = stamped(d.owned("access_token"))
        .col(id("user_id").not_null())
        .col(d.text("name", 100).not_null())
        .col(d.text("scopes", 2000).not_null())
        .col(d.text("token_hash", 64).not_null())
        .col(instant("expires_at").not_null())
        .col(instant("last_used_at").null())
        .foreign_key(reference("access_token", "user_id", "user").on_delete(ForeignKeyAction::Cascade))
        .take();
    vec![service_account, access_token]
}

/// Internal tables of the server.
fn kept(d: Dialect) -> Vec<TableCreateStatement> {
    let mail = d
        .owned("mail")
        .col(d.text("recipient", 254).not_null())
        .col(d.long_text("sealed").not_null())
        .col(ColumnDef::new("attempts").integer().not_null())
        .col(instant("created_at").not_null())
        .col(instant("next_at").not_null())
        .col(d.text("last_error", 500).null())
        .take();
    let guess = d
        .table("guess")
        .col(d.text("key", 64).not_null().primary_key())
        .col(ColumnDef::new("failures").integer().not_null())
        .col(instant("blocked_until").not_null())
        .col(instant("expires_at").not_null())
        .take();
    vec![mail, guess]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("invitation_email_idx", "invitation", &["tenant_id", "email"]),
        index("link_user_idx", "link", &["tenant_id", "user_id"]),
        index("link_expires_idx", "link", &["expires_at"]),
        index("service_account_name_key", "service_account", &["tenant_id", "name"]).unique().take(),
        index("access_token_user_idx", "access_token", &["tenant_id", "user_id"]),
        index("mail_next_idx", "mail", &["next_at"]),
        index("guess_expires_idx", "guess", &["expires_at"]),
        index(SESSION_EXPIRES, "session", &["expires_at"]),
    ]
}
