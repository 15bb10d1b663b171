//! Projects: what they are for, their milestones, and the tally that their figures are summed from.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
    schema::{create, drop_tables, index, reference, stamped},
};

/// The columns that a project gains.
const TEXTS: [&str; 2] = ["scope", "objectives"];

/// An index that tasks gain.
const DUE_INDEX: &str = "task_project_due_idx";

/// Another.
pub(crate) const COMPLETION_INDEX: &str = "task_project_completion_idx";

/// How long a task took that is done, in whole seconds.
pub(crate) const COMPLETION_SECONDS: &str = "CASE WHEN completed_at > created_at \
     THEN (completed_at - created_at - (completed_at - created_at) % 1000000) / 1000000 \
     WHEN completed_at IS NOT NULL THEN 0 END";

/// The day on which an open task is due, since the Unix epoch and in UTC. Before it there are days below zero, of which a remainder is too.
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

/// A reference to a project, with which the row goes.
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

/// The tally as it was first.
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

/// Its indexes.
pub(crate) fn tally_indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("tally_project_idx", "tally", &["tenant_id", "project_id"]),
        // Across tenants, for housekeeping alone.
        index("tally_folded_idx", "tally", &["folded", "tenant_id", "id"]),
    ]
}

/// Keeps how long each task took, in the order of an index.
pub(crate) async fn keep_completion(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let d = Dialect(manager.get_database_backend());
    d.add_generated(manager, "task", "completion_seconds", COMPLETION_SECONDS).await?;
    let columns = ["tenant_id", "project_id", "completion_seconds"];
    manager.create_index(index(COMPLETION_INDEX, "task", &columns)).await
}

/// What a task is tallied under: when it is due, and how long it took.
pub(crate) fn keys() -> [String; 2] {
    [DUE_DAY.to_owned(), bucket("completion_seconds")]
}

/// Tallies the tasks that there are, a row each: the server folds them.
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

/// Where the bucket of a number of seconds begins: a second is one up to 128, and from each power of two to the next there are 64.
fn bucket(seconds: &str) -> String {
    let steps = (1..=32).map(|step: u32| {
        format!(" WHEN {seconds} < {} THEN {seconds} - {seconds} % {}", 128_i64 << step, 1_i64 << step)
    });
    format!("CASE WHEN {seconds} < 128 THEN {seconds}{} END", steps.collect::<String>())
}
