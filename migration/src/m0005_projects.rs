//! Projects: what they are for, their milestones, and the tally that their figures are summed from.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    schema::{create, drop_tables, index, reference, stamped},
};

/// The columns that a project gains.
const TEXTS: [&str; 2] = ["scope", "objectives"];

/// The indexes that tasks gain.
const TASK_INDEXES: [&str; 2] = ["task_project_due_idx", "task_project_completion_idx"];

/// How long a task took that is done, in whole seconds.
const COMPLETION_SECONDS: &str = "CASE WHEN completed_at > created_at \
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
        d.add_generated(manager, "task", "completion_seconds", COMPLETION_SECONDS).await?;
        create(manager, tables(d), indexes()).await?;
        manager.get_connection().execute_unprepared(&tally_of_tasks()).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["milestone", "tally"]).await?;
        for index in TASK_INDEXES {
            manager.drop_index(Index::drop().name(index).table("task").to_owned()).await?;
        }
        manager.alter_table(Table::alter().table("task").drop_column("completion_seconds").take()).await?;
        for text in TEXTS {
            manager.alter_table(Table::alter().table("project").drop_column(text).take()).await?;
        }
        Ok(())
    }
}

fn tables(d: Dialect) -> Vec<TableCreateStatement> {
    let number = |name: &'static str| ColumnDef::new(name).big_integer().take();
    let within = |table: &'static str| {
        reference(table, "project_id", "project").on_delete(ForeignKeyAction::Cascade).take()
    };
    let latest = Expr::cust(format!("COALESCE(due_at, {})", i64::MAX));
    let milestone = stamped(d.owned("milestone"))
        .col(id("project_id").not_null())
        .col(d.text("name", 200).not_null())
        .col(instant("due_at").null())
        .col(instant("reached_at").null())
        .col(number("due_key").generated(latest, true))
        .col(d.long_text("description").null())
        .foreign_key(&mut within("milestone"))
        .take();
    let tally = d
        .owned("tally")
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
        .take();
    vec![milestone, tally]
}

fn indexes() -> Vec<IndexCreateStatement> {
    let [due, completion] = TASK_INDEXES;
    vec![
        index("milestone_project_idx", "milestone", &["tenant_id", "project_id", "id"]),
        index("milestone_due_idx", "milestone", &["tenant_id", "project_id", "due_key", "id"]),
        index("tally_project_idx", "tally", &["tenant_id", "project_id"]),
        // Across tenants, for housekeeping alone.
        index("tally_folded_idx", "tally", &["folded", "tenant_id", "id"]),
        index(due, "task", &["tenant_id", "project_id", "due_at"]),
        index(completion, "task", &["tenant_id", "project_id", "completion_seconds"]),
    ]
}

/// Tallies the tasks that there are, a row each: the server folds them.
fn tally_of_tasks() -> String {
    let bucket = bucket("completion_seconds");
    format!(
        "INSERT INTO tally (tenant_id, id, project_id, status, priority, due_day, completion_from, tasks, estimated, estimate_minutes, \
         spent_seconds, folded) \
         SELECT tenant_id, id, project_id, status, priority, {DUE_DAY}, {bucket}, 1, \
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
