//! The figures of projects: a log of what writes add to them, and the sums that it is folded into.

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

/// The second in which an open task is due, since the Unix epoch. Before it there are seconds below zero, of which a remainder is too.
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
    // Without references: a write would lock the rows that it refers to, and what is left of a project that is gone adds up to nothing.
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
        // The sums of trees are read from the index alone.
        index("tally_sum_idx", "tally_sum", &["tenant_id", "project_id", "series", "place", "tasks"]),
    ]
}

/// Tallies the tasks that there are and the time that was spent on them, a row each: the server folds them. The two columns are of when an open task is
/// due and how long one took that is done, as each of the two tables has it.
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
