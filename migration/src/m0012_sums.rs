//! The aggregates of projects: a log of the deltas of writes (`tally`), and the sums that the log
//! is compacted into (`tally_sum`).

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id},
    m0005_projects::{self, COMPLETION_INDEX, COMPLETION_SECONDS},
    manager::{MigrationTrait, SchemaManager},
    schema::{create, drop_tables, index},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The amounts of a row.
const AMOUNTS: [&str; 4] = ["tasks", "estimated", "estimate_minutes", "spent_seconds"];

/// The second in which an open task is due, since the Unix epoch. Earlier seconds are negative, and
/// so is their remainder.
const DUE: &str = "CASE WHEN status NOT IN ('done', 'cancelled') \
     THEN (due_at - (due_at % 1000000 + 1000000) % 1000000) / 1000000 END";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        drop_tables(manager, &["tally"]).await?;
        create(manager, tables(d), indexes()).await?;
        fill(manager, ["due", "took"], [DUE, COMPLETION_SECONDS]).await?;
        manager.drop_index(Index::drop().name(COMPLETION_INDEX).table("task").to_owned()).await?;
        manager.alter_table(Table::alter().table("task").drop_column("completion_seconds").take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        drop_tables(manager, &["tally", "tally_sum"]).await?;
        m0005_projects::keep_completion(manager).await?;
        create(manager, [m0005_projects::tally(d)], m0005_projects::tally_indexes()).await?;
        fill(manager, ["due_day", "completion_from"], m0005_projects::keys().each_ref().map(String::as_str))
            .await
    }
}

fn tables(d: Dialect) -> [TableCreateStatement; 2] {
    let number = |name: &'static str| ColumnDef::new(name).big_integer().take();
    let with_amounts = |mut table: TableCreateStatement| {
        for amount in AMOUNTS {
            table.col(number(amount).not_null());
        }
        table
    };
    let state = |mut table: TableCreateStatement| {
        table.col(d.text("status", 16).null()).col(ColumnDef::new("priority").small_integer().null()).take()
    };
    // Without references: a write would lock the rows that it refers to. The rows of a deleted
    // project add up to zero.
    let log = state(d.owned("tally").col(id("project_id").not_null()).take());
    let log = log.clone().col(number("due").null()).col(number("took").null()).take();
    let sum = d
        .owned("tally_sum")
        .col(id("project_id").null())
        .col(ColumnDef::new("series").small_integer().not_null())
        .col(number("place").not_null())
        .take();
    [with_amounts(log), with_amounts(state(sum))]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("tally_project_idx", "tally", &["tenant_id", "project_id"]),
        // Sums are read from the index alone.
        index("tally_sum_idx", "tally_sum", &["tenant_id", "project_id", "series", "place", "tasks"]),
    ]
}

/// Adds a row to the log for each task and each time entry that exist. The server compacts them.
/// `due` and `took` name the columns of the due time and of the time that the task took, and the
/// keys are their expressions: the two forms of the table differ in them.
async fn fill(
    manager: &SchemaManager<'_>,
    [due, took]: [&str; 2],
    [due_key, took_key]: [&str; 2],
) -> Result<(), DbErr> {
    let folded = manager.has_column("tally", "folded").await?;
    let (column, value) = if folded { (", folded", ", FALSE") } else { ("", "") };
    let into = format!(
        "INSERT INTO tally (tenant_id, id, project_id, status, priority, {due}, {took}, {}{column}) SELECT",
        AMOUNTS.join(", ")
    );
    let there = "project_id IS NOT NULL AND deleted_at IS NULL";
    let tasks = format!(
        "{into} tenant_id, id, project_id, status, priority, {due_key}, {took_key}, 1, \
         CASE WHEN estimate_minutes IS NULL THEN 0 ELSE 1 END, COALESCE(estimate_minutes, 0), 0{value} FROM task WHERE {there}"
    );
    let time = format!(
        "{into} e.tenant_id, e.id, t.project_id, NULL, NULL, NULL, NULL, 0, 0, 0, e.seconds{value} \
         FROM time_entry e JOIN task t ON t.tenant_id = e.tenant_id AND t.id = e.task_id WHERE e.seconds > 0 AND {there}"
    );
    for statement in [tasks, time] {
        manager.fill("tally", statement).await?;
    }
    Ok(())
}
