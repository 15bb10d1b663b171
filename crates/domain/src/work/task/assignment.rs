//! The assignees of tasks.
//!
//! Invariant: the assignee of an open task sees it. [`check`] refuses an assignment to a user who
//! does not. When a user loses access to projects, [`clear_unseen_of`] clears their open
//! assignments there, and `insight::offboarding` notifies the managers of the projects. A task that
//! is done or cancelled keeps its assignee as a record, which alone gives them no access.

use std::collections::BTreeMap;

use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use super::{Task, TaskStatus, entity::Column, is_seen};
use crate::{
    Error, Result, Tx,
    identity::user::{self, User},
    kernel::{
        change::ChangeType,
        policy::{self, Action},
        repository::{Resource, field, readable_ids},
    },
    work::project::Project,
};

/// How many rows are read at once.
const PAGE: u64 = 200;

/// The fields of a task that decide whether its assignee must be checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Assignment {
    assignee_id: Option<Uuid>,
    project_id: Option<Uuid>,
    is_open: bool,
}

impl From<&Task> for Assignment {
    fn from(task: &Task) -> Self {
        Self { assignee_id: task.assignee_id, project_id: task.project_id, is_open: task.is_open() }
    }
}

/// Refuses a new assignee who is inactive or does not see the task. Also refuses a change of an
/// open task that would take the access from its assignee.
///
/// # Errors
/// `Invalid`, at the assignee.
pub(super) async fn check(tx: &Tx, before: Assignment, task: &Task) -> Result<()> {
    const FIELD: &str = "assignee_id";
    let after = Assignment::from(task);
    let is_new = after.assignee_id != before.assignee_id;
    let Some(id) = after.assignee_id.filter(|_| is_new || (after != before && after.is_open)) else {
        return Ok(());
    };
    // The project and the user are locked until the transaction ends: a transaction that takes away
    // the access of the user finds this assignment.
    if let Some(project) = after.project_id {
        tx.hold::<Project>(project).await?;
    }
    let user = if is_new { user::refer_active(tx, Some(id), FIELD).await? } else { tx.hold(id).await? };
    let user = user.ok_or_else(|| Error::reference(FIELD))?;
    if is_seen_once_there(tx, task, &user).await? {
        return Ok(());
    }
    let message = "Must be a user who can see the task in its project, or null.";
    Err(Error::field(format!("/{FIELD}"), "invalid_value", message))
}

/// Whether a user sees a task, or would see it after a restore.
async fn is_seen_once_there(tx: &Tx, task: &Task, user: &User) -> Result<bool> {
    let there = Task { deleted_at: None, ..task.clone() };
    is_seen(&there, &tx.seen_by(user)).await
}

/// The task without its assignee, if that user does not see it. For reopening.
pub(super) async fn without_unseeing(tx: &Tx, task: Task) -> Result<Task> {
    let Some(id) = task.assignee_id else { return Ok(task) };
    let user: Option<User> = tx.hold(id).await?;
    let sees = match &user {
        Some(user) => is_seen_once_there(tx, &task, user).await?,
        None => false,
    };
    Ok(if sees { task } else { Task { assignee_id: None, ..task } })
}

/// The open tasks of a user that meet a condition, including those in the trash, which can be
/// restored.
fn open_of(user: Uuid, which: Condition) -> Condition {
    which.add(Column::AssigneeId.eq(user)).add(is_open())
}

/// Tasks that are neither done nor cancelled.
fn is_open() -> sea_orm::sea_query::Expr {
    Column::Status.is_in([TaskStatus::Todo, TaskStatus::InProgress])
}

/// The assignees of the open tasks in projects that meet a condition, each once.
pub(crate) async fn assignees(tx: &Tx, which: Condition) -> Result<Vec<Uuid>> {
    let which =
        which.add(Column::ProjectId.is_not_null()).add(is_open()).add(Column::AssigneeId.is_not_null());
    let people = tx.owned::<Task>().filter(which).select_only().column(Column::AssigneeId);
    let people = people.group_by(Column::AssigneeId).order_by_asc(Column::AssigneeId).into_query();
    tx.rows(&people).await?.iter().map(|row| field(row, 0)).collect()
}

/// Clears a user's assignments of those open tasks that meet a condition and that the user can no
/// longer see. Returns the user and the number of cleared assignments by project. The change that
/// took the access away was authorised; this follows from it and needs no scope of its own.
pub(crate) async fn clear_unseen_of(
    tx: &Tx,
    user: Uuid,
    which: Condition,
) -> Result<Option<(User, BTreeMap<Uuid, usize>)>> {
    // Locked, so that nothing is assigned to the user meanwhile: see [`check`].
    let Some(user) = tx.find::<User>(user, true).await? else { return Ok(None) };
    let seen = readable_ids::<Project>(tx.seen_by(&user).ctx());
    // The assignee of a personal task sees it. The condition excludes these tasks explicitly,
    // because `NULL NOT IN` an empty list is true.
    let unseen = open_of(user.id, which)
        .add(Column::ProjectId.is_not_null())
        .add(Column::ProjectId.not_in_subquery(seen));
    let cleared = reassign(tx, unseen, ChangeType::Unassign, None).await?;
    Ok(Some((user, cleared)))
}

/// Transfers the open tasks of a user that meet a condition to another user, who sees them.
///
/// # Errors
/// `InsufficientScope`: the credential of the caller must reach what is transferred.
pub(crate) async fn transfer(tx: &Tx, which: Condition, from: Uuid, to: Uuid) -> Result<()> {
    reassign(tx, open_of(from, which), ChangeType::Transfer, Some(to)).await.map(drop)
}

/// Assigns tasks to a user, or to nobody, page by page. Returns how many were in which project.
async fn reassign(
    tx: &Tx,
    which: Condition,
    name: ChangeType,
    to: Option<Uuid>,
) -> Result<BTreeMap<Uuid, usize>> {
    let page = tx.owned::<Task>().filter(which).order_by_asc(Column::Id).limit(PAGE).into_query();
    let mut assigned = BTreeMap::new();
    loop {
        let found: Vec<Task> = tx.lock_all(page.clone()).await?;
        if found.is_empty() {
            return Ok(assigned);
        }
        if to.is_some() {
            policy::permit(tx.ctx(), Task::TYPE, Action::Update)?;
        }
        for task in found {
            if let Some(project) = task.project_id {
                *assigned.entry(project).or_default() += 1;
            }
            let row = Task { assignee_id: to, ..task.clone() };
            tx.cascade_update(name, task, row).await?;
        }
        tx.write_records().await?;
    }
}
