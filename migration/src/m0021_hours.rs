//! Time entries keep the id of a user who was deleted. The aggregates of a project count the time
//! until its task is deleted permanently.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::Dialect,
    m0005_projects::COMPLETION_SECONDS,
    manager::{MigrationTrait, SchemaManager},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect(manager.get_database_backend()).release(manager, "time_entry", "user_id", "user").await?;
        tally(manager, "TRUE").await
    }

    /// The reference is not added again: entries may have the ids of deleted users, which the
    /// previous version can read.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tally(manager, "t.deleted_at IS NULL").await
    }
}

/// The second in which an open task is due, since the Unix epoch. Earlier seconds are negative, and
/// so is their remainder.
const DUE: &str = "CASE WHEN status NOT IN ('done', 'cancelled') \
     THEN (due_at - (due_at % 1000000 + 1000000) % 1000000) / 1000000 END";

/// Computes the aggregates again: the tasks that are not deleted, and the time on tasks that meet a
/// condition. It first deletes the old ones, so it can be repeated.
async fn tally(manager: &SchemaManager<'_>, counted: &str) -> Result<(), DbErr> {
    let into = "INSERT INTO tally (tenant_id, id, project_id, status, priority, due, took, tasks, estimated, \
                estimate_minutes, spent_seconds) SELECT";
    let tasks = format!(
        "{into} tenant_id, id, project_id, status, priority, {DUE}, {COMPLETION_SECONDS}, 1, \
         CASE WHEN estimate_minutes IS NULL THEN 0 ELSE 1 END, COALESCE(estimate_minutes, 0), 0 \
         FROM task WHERE project_id IS NOT NULL AND deleted_at IS NULL"
    );
    let time = format!(
        "{into} e.tenant_id, e.id, t.project_id, NULL, NULL, NULL, NULL, 0, 0, 0, e.seconds \
         FROM time_entry e JOIN task t ON t.tenant_id = e.tenant_id AND t.id = e.task_id \
         WHERE e.seconds > 0 AND t.project_id IS NOT NULL AND {counted}"
    );
    for statement in ["DELETE FROM tally_sum", "DELETE FROM tally", tasks.as_str(), time.as_str()] {
        manager.execute_text(statement).await?;
    }
    Ok(())
}
