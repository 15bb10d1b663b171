//! The dashboard of a user: open and overdue tasks, the running timer, and the latest changes.
//!
//! Invariant: it shows only what the caller sees in lists and in the change feed.

use std::collections::HashMap;

use sea_orm::{
    Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{CaseStatement, ExprTrait as _, Func},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Context, Repository, Result, Scope, Timestamp,
    insight::{change_feed, search},
    kernel::{
        audit::{AuditEntry, entity as audit},
        event::{Event, entity as event},
        policy::{self, Action},
        repository::{Resource, field},
    },
    work::{
        task::{Task, TaskStatus, entity::Column},
        time_entry::{self, TimeEntry},
    },
};

/// The number of tasks in `next`.
const NEXT: u64 = 10;
/// The number of entries in `recent` and in `activity`.
const RECENT: u64 = 20;
/// The number of latest changes that are searched for `activity`, and how many are read at once.
const LOOKED: u64 = 500;
const AT_ONCE: u64 = 100;
/// The time before its due date in which a task is due soon.
const SOON: std::time::Duration = std::time::Duration::from_hours(7 * 24);

/// The dashboard of the caller. The caller's tasks are those that are assigned to them, and those
/// that they own and nobody is assigned to. A service account has no tasks and no timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dashboard {
    /// The number of the caller's open tasks: those that are neither done nor cancelled.
    pub open: i64,
    /// The number of open tasks that are in progress.
    pub in_progress: i64,
    /// The number of open tasks that are due within the next seven days.
    pub due_soon: i64,
    /// The number of open tasks whose due date has passed.
    pub overdue: i64,
    /// The ten open tasks that are due first. Tasks without a due date come last.
    pub next: Vec<Task>,
    /// The running time entry of the caller, or null if no timer runs or the scopes of the token do
    /// not include time entries.
    pub timer: Option<TimeEntry>,
    /// The twenty most recently changed tasks that the caller sees, latest first.
    pub recent: Vec<Task>,
    /// The latest changes of tasks, comments, documents, projects and client requests that the
    /// caller sees, latest first. There are at most twenty, from the latest 500 such changes in the
    /// organisation.
    pub activity: Vec<Activity>,
}

/// A recent change of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Activity {
    /// The date and time (UTC) of the change.
    pub at: Timestamp,
    /// The action, as in the change feed.
    #[schema(example = "complete")]
    pub action: String,
    /// The type of the changed resource.
    #[schema(example = "task")]
    pub noun: String,
    /// The id of the changed resource, which may have been deleted since.
    pub row_id: Uuid,
    /// The title or name of the resource. Null for comments and for deleted resources.
    #[schema(example = "Write the release notes")]
    pub title: Option<String>,
    /// The id of the user or service account that made the change, or null if the system made it.
    pub actor_id: Option<Uuid>,
    /// The name of the user or service account, or null if the scopes of the token do not include
    /// users.
    #[schema(example = "grace")]
    pub actor_name: Option<String>,
    /// Whether that user was deleted.
    pub actor_removed: bool,
}

/// The dashboard of the caller.
///
/// # Errors
/// `InsufficientScope`, and those of the repository.
pub async fn of(repository: &Repository, ctx: &Context) -> Result<Dashboard> {
    let scope = repository.read(ctx);
    let user = ctx.user().unwrap_or_default();
    let is_open = Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled]);
    // A task without an assignee belongs to its owner.
    let kept = Condition::all().add(Column::AssigneeId.is_null()).add(Column::OwnerId.eq(user));
    let mine = Condition::any().add(Column::AssigneeId.eq(user)).add(kept);
    let own = scope.visible::<Task>(Condition::all().add(mine).add(is_open))?;
    let how_many = |condition: Expr| Func::count(CaseStatement::new().case(condition, 1));
    let now = ctx.now();
    let mut counts = own.clone().select_only().into_query();
    counts
        .expr(Func::count(Column::Id.into_expr()))
        .expr(how_many(Column::Status.eq(TaskStatus::InProgress)))
        .expr(how_many(Column::DueAt.gte(now).and(Column::DueAt.lt(now.plus(SOON)))))
        .expr(how_many(Column::DueAt.lt(now)));
    let counts = scope.rows(&counts).await?;
    let count = |at| counts.first().map_or(Ok(0), |row| field(row, at));
    let mut next = own.into_query();
    next.order_by(("task", "due_key"), sea_orm::Order::Asc);
    next.order_by(("task", "id"), sea_orm::Order::Asc).limit(NEXT);
    let recent = scope.visible::<Task>(Condition::all())?;
    let recent = recent.order_by_desc(Column::UpdatedAt).order_by_desc(Column::Id).limit(RECENT);
    let timer = match ctx.user().filter(|_| ctx.reaches(TimeEntry::TYPE, Action::Read)) {
        Some(user) => time_entry::running(&scope, user).await?,
        None => None,
    };
    Ok(Dashboard {
        open: count(0)?,
        in_progress: count(1)?,
        due_soon: count(2)?,
        overdue: count(3)?,
        next: scope.all(&next).await?,
        timer,
        recent: scope.all(&recent.into_query()).await?,
        activity: activity(&scope).await?,
    })
}

/// The latest changes that the caller sees, by the rules of the change feed.
async fn activity(scope: &Scope) -> Result<Vec<Activity>> {
    let shown = usize::try_from(RECENT).unwrap_or_default();
    let (mut lines, mut before) = (Vec::new(), None);
    for _ in 0..LOOKED / AT_ONCE {
        let older = before.map(|position: i64| event::Column::Position.lt(position));
        let of = event::Column::Noun.is_in(search::RESOURCE_TYPES.iter().copied());
        let events = scope.owned::<Event>().filter(of).filter(Condition::all().add_option(older));
        let events = events.filter(event::Column::Position.is_not_null());
        let events = events.order_by_desc(event::Column::Position).limit(AT_ONCE).into_query();
        let events: Vec<Event> = scope.all(&events).await?;
        before = events.last().and_then(|event| event.position);
        let is_last = (events.len() as u64) < AT_ONCE;
        let mut actions = change_feed::delivered(scope, &events.iter().collect::<Vec<_>>()).await?;
        // A row that was hidden from the caller is left out.
        let mut action = |event: &Event| {
            actions.remove(&event.id).filter(|delivered| delivered.action != change_feed::HIDDEN)
        };
        lines.extend(events.into_iter().filter_map(|event| Some((action(&event)?.action, event))));
        if is_last || lines.len() >= shown {
            break;
        }
    }
    lines.truncate(shown);
    let ids: Vec<Uuid> = lines.iter().map(|(_, event)| event.id).collect();
    let actors = scope.owned::<AuditEntry>().filter(audit::Column::Id.is_in(ids)).select_only();
    let actors = actors.column(audit::Column::Id).column(audit::Column::ActorId).into_query();
    let actors = scope.rows(&actors).await?;
    let actors = actors.iter().map(|row| Ok((field(row, 0)?, field(row, 1)?)));
    let actors = actors.collect::<Result<HashMap<Uuid, Option<Uuid>>>>()?;
    let reached = scope.ctx().reaches(policy::ResourceType::User, Action::Read);
    let mut people: Vec<Uuid> = actors.values().flatten().copied().filter(|_| reached).collect();
    people.sort_unstable();
    people.dedup();
    let names = scope.names(&people).await?;
    let rows: Vec<Uuid> = lines.iter().map(|(_, event)| event.row_id).collect();
    let titles = search::titles(scope, &rows).await?;
    let line = |(action, event): (String, Event)| {
        let actor_id = actors.get(&event.id).copied().flatten();
        let title = titles.get(&event.row_id).cloned();
        let known = actor_id.and_then(|id| names.get(&id));
        Activity {
            at: event.at,
            action,
            noun: event.noun,
            row_id: event.row_id,
            title,
            actor_id,
            actor_name: known.map(|known| known.name.clone()),
            actor_removed: known.is_some_and(|known| known.removed),
        }
    };
    Ok(lines.into_iter().map(line).collect())
}
