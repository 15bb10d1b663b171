//! A user's dashboard: what is to be done, what is late, what runs, and what happened of late.

use std::collections::HashMap;

use sea_orm::{
    Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{CaseStatement, ExprTrait as _, Func},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Context, Instant, Result, Scope, Store,
    audit::{AuditEntry, entity as audit},
    event::{Event, entity as event},
    feed,
    policy::{self, Action},
    search,
    store::{Noun, field},
    task::{Task, TaskStatus, entity::Column},
    time_entry::{self, TimeEntry},
};

/// How many tasks come next.
const NEXT: u64 = 10;
/// How many changes are told.
const RECENT: u64 = 20;
/// Of how many changes of the organisation those are told that the caller sees, and how many are looked at at once.
const LOOKED: u64 = 500;
const AT_ONCE: u64 = 100;
/// How far ahead a task is due soon.
const SOON: std::time::Duration = std::time::Duration::from_hours(7 * 24);

/// What the caller is about. A service has no tasks of its own, and no timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dashboard {
    /// How many open tasks, neither done nor cancelled, the caller is assigned, or owns while nobody is assigned.
    pub open: i64,
    /// Of these, how many are under way.
    pub in_progress: i64,
    /// Of these, how many are due within the next seven days.
    pub due_soon: i64,
    /// Of these, how many are past their due date.
    pub overdue: i64,
    /// The ten of these that are due first; those without a due date come last.
    pub next: Vec<Task>,
    /// The caller's entry that runs; null when none does, or when the token does not reach time entries.
    pub timer: Option<TimeEntry>,
    /// The twenty tasks among those that the caller sees that changed last, the latest first.
    pub recent: Vec<Task>,
    /// What was done last to tasks, comments, documents, projects and requests that the caller sees, the latest first: at most twenty of the last 500
    /// changes of such rows that are kept for the feed.
    pub activity: Vec<Activity>,
}

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Activity {
    /// When.
    pub at: Instant,
    /// What was done, as in the feed of changes.
    #[schema(example = "complete")]
    pub action: String,
    /// To what kind of row.
    #[schema(example = "task")]
    pub noun: String,
    /// The id of that row, which may be gone.
    pub row_id: Uuid,
    /// What it is called, as far as it is there; null for comments.
    #[schema(example = "Write the release notes")]
    pub title: Option<String>,
    /// The user or service that did it; null when the system did.
    pub actor_id: Option<Uuid>,
    /// Their name, if the token reaches users.
    #[schema(example = "grace")]
    pub actor_name: Option<String>,
    /// Whether that user was removed.
    pub actor_removed: bool,
}

/// The caller's dashboard.
///
/// # Errors
/// `InsufficientScope`, and those of the store.
pub async fn of(store: &Store, ctx: &Context) -> Result<Dashboard> {
    let scope = store.read(ctx);
    let user = ctx.user().unwrap_or_default();
    let is_open = Column::Status.is_not_in([TaskStatus::Done, TaskStatus::Cancelled]);
    // What nobody else was given is its owner's.
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
    let timer = match ctx.user().filter(|_| ctx.reaches(TimeEntry::NOUN, Action::Read)) {
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

/// What was done last that the caller sees: what they are told of by the feed.
async fn activity(scope: &Scope) -> Result<Vec<Activity>> {
    let shown = usize::try_from(RECENT).unwrap_or_default();
    let (mut told, mut before) = (Vec::new(), None);
    for _ in 0..LOOKED / AT_ONCE {
        let older = before.map(|position: i64| event::Column::Position.lt(position));
        let of = event::Column::Noun.is_in(search::NOUNS.iter().copied());
        let events = scope.owned::<Event>().filter(of).filter(Condition::all().add_option(older));
        let events = events.filter(event::Column::Position.is_not_null());
        let events = events.order_by_desc(event::Column::Position).limit(AT_ONCE).into_query();
        let events: Vec<Event> = scope.all(&events).await?;
        before = events.last().and_then(|event| event.position);
        let is_last = (events.len() as u64) < AT_ONCE;
        let mut actions = feed::told(scope, &events.iter().collect::<Vec<_>>()).await?;
        // Of what got out of sight nothing is shown.
        let mut action = |event: &Event| actions.remove(&event.id).filter(|told| told.action != feed::HIDDEN);
        told.extend(events.into_iter().filter_map(|event| Some((action(&event)?.action, event))));
        if is_last || told.len() >= shown {
            break;
        }
    }
    told.truncate(shown);
    let ids: Vec<Uuid> = told.iter().map(|(_, event)| event.id).collect();
    let actors = scope.owned::<AuditEntry>().filter(audit::Column::Id.is_in(ids)).select_only();
    let actors = actors.column(audit::Column::Id).column(audit::Column::ActorId).into_query();
    let actors = scope.rows(&actors).await?;
    let actors = actors.iter().map(|row| Ok((field(row, 0)?, field(row, 1)?)));
    let actors = actors.collect::<Result<HashMap<Uuid, Option<Uuid>>>>()?;
    let reached = scope.ctx().reaches(policy::Noun::User, Action::Read);
    let mut people: Vec<Uuid> = actors.values().flatten().copied().filter(|_| reached).collect();
    people.sort_unstable();
    people.dedup();
    let names = scope.names(&people).await?;
    let rows: Vec<Uuid> = told.iter().map(|(_, event)| event.row_id).collect();
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
    Ok(told.into_iter().map(line).collect())
}
