//! Comments, watchers, reminders and notifications.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
    schema::{create, drop_tables, index, reference, stamped},
};

/// The tables in the order of their creation. They are dropped in the reverse order.
const TABLES: [&str; 6] = ["comment", "comment_version", "watcher", "reminder", "notification", "alarm"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        create(manager, [talk(d), told(d)].concat(), indexes()).await?;
        set_alarms(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &TABLES).await
    }
}

/// Comments and their versions. The author of a comment may be deleted, so there is no reference.
fn talk(d: Dialect) -> Vec<TableCreateStatement> {
    let comment = stamped(d.owned("comment"))
        .col(id("task_id").not_null())
        .col(id("author_id").null())
        .col(d.long_text("body").not_null())
        .col(d.text("mentions", 2000).not_null())
        .col(instant("edited_at").null())
        .foreign_key(reference("comment", "task_id", "task").on_delete(ForeignKeyAction::Cascade))
        .take();
    let comment_version = d
        .owned("comment_version")
        .col(id("comment_id").not_null())
        .col(ColumnDef::new("number").big_integer().not_null())
        .col(d.long_text("body").not_null())
        .col(instant("written_at").not_null())
        .foreign_key(
            reference("comment_version", "comment_id", "comment").on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    vec![comment, comment_version]
}

/// Watchers, reminders and notifications. The row that a notification is about may be deleted, so
/// there is no reference.
fn told(d: Dialect) -> Vec<TableCreateStatement> {
    let watcher = stamped(d.owned("watcher"))
        .col(id("task_id").not_null())
        .col(id("user_id").not_null())
        .foreign_key(reference("watcher", "task_id", "task").on_delete(ForeignKeyAction::Cascade))
        .foreign_key(reference("watcher", "user_id", "user").on_delete(ForeignKeyAction::Cascade))
        .take();
    let reminder = stamped(d.owned("reminder"))
        .col(id("task_id").not_null())
        .col(id("user_id").not_null())
        .col(instant("remind_at").null())
        .col(ColumnDef::new("before_due_minutes").integer().null())
        .col(instant("fired_at").null())
        .foreign_key(reference("reminder", "task_id", "task").on_delete(ForeignKeyAction::Cascade))
        .foreign_key(reference("reminder", "user_id", "user").on_delete(ForeignKeyAction::Cascade))
        .take();
    let notification = stamped(d.owned("notification"))
        .col(id("user_id").not_null())
        .col(d.text("kind", 16).not_null())
        .col(d.text("noun", 32).not_null())
        .col(id("row_id").not_null())
        .col(id("task_id").not_null())
        .col(id("actor_id").null())
        .col(d.text("text", 500).not_null())
        .col(instant("read_at").null())
        .col(ColumnDef::new("unread").boolean().not_null())
        .foreign_key(reference("notification", "user_id", "user").on_delete(ForeignKeyAction::Cascade))
        .take();
    let alarm = d.owned("alarm").col(instant("at").not_null()).take();
    vec![watcher, reminder, notification, alarm]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("comment_task_idx", "comment", &["tenant_id", "task_id", "id"]),
        index("comment_author_idx", "comment", &["tenant_id", "author_id", "id"]),
        index("comment_version_comment_idx", "comment_version", &["tenant_id", "comment_id", "id"]),
        index("watcher_key", "watcher", &["tenant_id", "task_id", "user_id"]).unique().take(),
        index("watcher_user_idx", "watcher", &["tenant_id", "user_id", "task_id"]),
        index("reminder_task_idx", "reminder", &["tenant_id", "task_id", "user_id", "id"]),
        index("reminder_user_idx", "reminder", &["tenant_id", "user_id", "id"]),
        index("notification_user_idx", "notification", &["tenant_id", "user_id", "id"]),
        index("notification_unread_idx", "notification", &["tenant_id", "user_id", "unread", "id"]),
        index("notification_read_idx", "notification", &["read_at"]),
        index("alarm_at_idx", "alarm", &["at"]),
    ]
}

/// Adds the timer (`alarm`) of each open task with a due date, one day before that date. The timers
/// of dates that are long past notify nobody.
async fn set_alarms(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const DAY: i64 = 24 * 60 * 60 * 1_000_000;
    let tasks = Query::select()
        .columns(["tenant_id", "id"])
        .expr(Expr::col("due_at").sub(DAY))
        .from("task")
        .and_where(Expr::col("due_at").is_not_null())
        .and_where(Expr::col("status").is_in(["todo", "in_progress"]))
        .take();
    manager.fill_from("alarm", ["tenant_id", "id", "at"], tasks).await
}
