//! Projects: scope and objectives, milestones, and the table of the aggregates (`tally`).

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
    schema::{create, drop_tables, index, reference, stamped},
};

/// The columns that projects gain.
const TEXTS: [&str; 2] = ["scope", "objectives"];

/// An index on tasks.
const DUE_INDEX: &str = "task_project_due_idx";

/// An index on tasks, in the order of the time that they took.
pub(crate) const COMPLETION_INDEX: &str = "task_project_completion_idx";

/// The time from the creation to the completion of a task, in whole seconds.
pub(crate) const COMPLETION_SECONDS: &str = "CASE WHEN completed_at > created_at \
     THEN (completed_at - created_at - (completed_at - created_at) % 1000000) / 1000000 \
     WHEN completed_at IS NOT NULL THEN 0 END";

/// The day (UTC) on which an open task is due, in days since the Unix epoch. Earlier days are
/// negative, and so is their remainder.
const DUE_DAY: &str = "CASE WHEN status NOT IN ('done', 'cancelled') \
     THEN (due_at - (due_at % 86400000000 + 86400000000) % 86400000000) / 86400000000 END";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        for text in TEXTS {
            let mut alter = Table::alter();
            manager.alter_table(alter.table("project").add_column(d.long_text(text).null()).take()).await?;
        }
        create(manager, [milestone(d), tally(d)], [indexes(), tally_indexes()].concat()).await?;
        keep_completion(manager).await?;
        manager.fill("tally", tally_of_tasks()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["milestone", "tally"]).await?;
        for index in [DUE_INDEX, COMPLETION_INDEX] {
            manager.drop_index(Index::drop().name(index).table("task").to_owned()).await?;
        }
        manager.alter_table(Table::alter().table("task").drop_column("completion_seconds").take()).await?;
        for text in TEXTS {
            manager.alter_table(Table::alter().table("project").drop_column(text).take()).await?;
        }
        Ok(())
    }
}

/// A reference to a project. The row is deleted with the project.
fn within(table: &'static str) -> ForeignKeyCreateStatement {
    reference(table, "project_id", "project").on_delete(ForeignKeyAction::Cascade).take()
}

fn milestone(d: Dialect) -> TableCreateStatement {
    let latest = Expr::cust(format!("COALESCE(due_at, {})", i64::MAX));
    stamped(d.owned("milestone"))
        .col(id("project_id").not_null())
        .col(d.text("name", 200).not_null())
        .col(instant("due_at").null())
        .col(instant("reached_at").null())
        .col(ColumnDef::new("due_key").big_integer().generated(latest, true))
        .col(d.long_text("description").null())
        .foreign_key(&mut within("milestone"))
        .take()
}

/// The first form of the table of aggregates.
pub(crate) fn tally(d: Dialect) -> TableCreateStatement {
    let number = |name: &'static str| ColumnDef::new(name).big_integer().take();
    d.owned("tally")
        .col(id("project_id").not_null())
        .col(d.text("status", 16).null())
        .col(ColumnDef::new("priority").small_integer().null())
        .col(number("due_day").null())
        .col(number("completion_from").null())
        .col(number("tasks").not_null())
        .col(number("estimated").not_null())
        .col(number("estimate_minutes").not_null())
        .col(number("spent_seconds").not_null())
        .col(ColumnDef::new("folded").boolean().not_null())
        .foreign_key(&mut within("tally"))
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("milestone_project_idx", "milestone", &["tenant_id", "project_id", "id"]),
        index("milestone_due_idx", "milestone", &["tenant_id", "project_id", "due_key", "id"]),
        index(DUE_INDEX, "task", &["tenant_id", "project_id", "due_at"]),
    ]
}

/// The indexes of the first table of aggregates.
pub(crate) fn tally_indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("tally_project_idx", "tally", &["tenant_id", "project_id"]),
        // Across tenants, for housekeeping only.
        index("tally_folded_idx", "tally", &["folded", "tenant_id", "id"]),
    ]
}

/// Adds the column with the time that each task took, and an index on it.
pub(crate) async fn keep_completion(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let d = Dialect(manager.get_database_backend());
    d.add_generated(manager, "task", "completion_seconds", COMPLETION_SECONDS).await?;
    let columns = ["tenant_id", "project_id", "completion_seconds"];
    manager.create_index(index(COMPLETION_INDEX, "task", &columns)).await
}

/// The keys by which tasks are aggregated: the due day, and the bucket of the time that they took.
pub(crate) fn keys() -> [String; 2] {
    [DUE_DAY.to_owned(), bucket("completion_seconds")]
}

/// Adds a row to the aggregates for each task that exists. The server compacts them.
fn tally_of_tasks() -> String {
    let [due, bucket] = keys();
    format!(
        "INSERT INTO tally (tenant_id, id, project_id, status, priority, due_day, completion_from, tasks, estimated, estimate_minutes, \
         spent_seconds, folded) \
         SELECT tenant_id, id, project_id, status, priority, {due}, {bucket}, 1, \
         CASE WHEN estimate_minutes IS NULL THEN 0 ELSE 1 END, COALESCE(estimate_minutes, 0), 0, FALSE \
         FROM task WHERE project_id IS NOT NULL"
    )
}

/// The lower bound of the bucket of a number of seconds. Up to 128 a bucket is one second. Above,
/// there are 64 buckets from each power of two to the next.
fn bucket(seconds: &str) -> String {
    let steps = (1..=32).map(|step: u32| {
        format!(" WHEN {seconds} < {} THEN {seconds} - {seconds} % {}", 128_i64 << step, 1_i64 << step)
    });
    format!("CASE WHEN {seconds} < 128 THEN {seconds}{} END", steps.collect::<String>())
}
