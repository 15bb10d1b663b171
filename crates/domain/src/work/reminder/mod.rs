//! Reminders: a user asks to be notified about a task at a time.
//!
//! Invariant: only its user sees a reminder, as long as they see the task, and it fires once. The
//! scheduled time is a row of [`alarm`]. It is written in the transaction that changes the reminder
//! or the due date.

pub(crate) mod alarm;

use std::time::Duration;

use futures::future::BoxFuture;
use garde::Validate;
use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[cfg(test)]
pub(crate) use self::alarm::Alarm;
use crate::{
    Context, Error, Result, Scope, Timestamp, Tx,
    identity::user::User,
    kernel::{
        change::ChangeType,
        crud::Editable,
        error::Kind,
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, BelongsTo, Birth, Blank, Child, Container, Listed, PassesOn, Resource, Stored, Written,
            entity, readable_ids,
        },
    },
    work::task::{self, Task},
};

/// How many reminders of one task a user may have.
const MOST: i64 = 20;

entity! {
    /// A reminder of a task, for one user.
    pub struct Reminder in "reminder", editable {
        /// The id of the task.
        pub task_id: Uuid,
        /// The id of the user who is reminded.
        pub user_id: Uuid,
        /// The date and time (UTC) at which the reminder fires. Null if it depends on the due date.
        pub remind_at: Option<Timestamp>,
        /// How many minutes before the due date the reminder fires. It follows changes of the due
        /// date. If a change leaves less time than that, the reminder fires at once. Null if
        /// `remind_at` is set.
        #[schema(example = 60)]
        pub before_due_minutes: Option<i32>,
        /// The date and time (UTC) at which the reminder fired, or null if it has not fired.
        pub fired_at: Option<Timestamp>,
    }
}

impl Reminder {
    /// The time at which the reminder is to fire, given the due date of its task.
    fn at(&self, due: Option<Timestamp>) -> Option<Timestamp> {
        if self.fired_at.is_some() {
            return None;
        }
        self.remind_at.or_else(|| before(due, self.before_due_minutes))
    }
}

/// How many reminders are copied to the next task of a series.
const HANDED_ON: u64 = 500;

impl PassesOn<Task> for Reminder {
    /// Copies the reminders that depend on the due date to the next task of a series. It follows
    /// from the completion, so it needs no OAuth scope of its own.
    fn pass_on<'a>(tx: &'a Tx, from: &'a Task, to: &'a Task) -> BoxFuture<'a, Result<()>> {
        Box::pin(hand_on(tx, from.id, to))
    }
}

async fn hand_on(tx: &Tx, from: Uuid, to: &Task) -> Result<()> {
    use entity::Column;
    let rows = tx.owned::<Reminder>().filter(Column::TaskId.eq(from));
    let rows = rows.filter(Column::BeforeDueMinutes.is_not_null()).order_by_asc(Column::Id).limit(HANDED_ON);
    for old in tx.all::<Reminder>(&rows.into_query()).await? {
        let born = tx.birth();
        let row = Reminder {
            task_id: to.id,
            user_id: old.user_id,
            before_due_minutes: old.before_due_minutes,
            ..Reminder::born(born)
        };
        tx.insert_internal(&row).await?;
        let new = serde_json::to_string(&row).map_err(Error::internal)?;
        tx.record::<Reminder>(ChangeType::Create, row.id, row.version, None, Some(new));
        alarm::set_before(tx, &row, alarm::due(Some(to))).await?;
    }
    Ok(())
}

/// The time that is a number of minutes before a due date.
fn before(due: Option<Timestamp>, minutes: Option<i32>) -> Option<Timestamp> {
    Some(due?.minus(Duration::from_mins(u64::try_from(minutes?).unwrap_or_default())))
}

impl Resource for Reminder {
    const TYPE: policy::ResourceType = policy::ResourceType::Reminder;
    type Parent = Task;
}

impl Access for Reminder {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        if scope.ctx().user() != Some(self.user_id) {
            return Ok(Relations::default());
        }
        let task = scope.find::<Task>(self.task_id, false).await?;
        let seen = match task {
            Some(task) => task::is_seen(&task, scope).await?,
            None => false,
        };
        Ok(Relations::default().with(Relation::Owner, seen))
    }

    fn lies_in(&self) -> Option<Uuid> {
        Some(self.task_id)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        use entity::Column;
        let user = ctx.user()?;
        let seen = || Column::TaskId.in_subquery(readable_ids::<Task>(ctx));
        (relation == Relation::Owner).then(|| Condition::all().add(Column::UserId.eq(user)).add(seen()))
    }

    async fn container(&self, scope: &Scope) -> Result<Option<Container>> {
        task::container_of(self.task_id, scope).await
    }
}

impl Stored for Reminder {
    fn follow_up<'a>(tx: &'a Tx, written: Written<'a, Self>) -> Option<BoxFuture<'a, Result<()>>> {
        Some(Box::pin(async move {
            let Some(reminder) = written.new else {
                return match written.old {
                    Some(old) => alarm::set(tx, old.id, None).await,
                    None => Ok(()),
                };
            };
            // The task is locked: a transaction that changes its due date finds this reminder.
            tx.guard::<Task>(reminder.task_id).await?;
            let due = alarm::due(tx.find::<Task>(reminder.task_id, false).await?.as_ref());
            alarm::set(tx, reminder.id, reminder.at(due)).await
        }))
    }
}

impl Listed for Reminder {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        &[
            Filter { name: "remind_at", form: Form::Timestamp, column: Column::RemindAt },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

impl BelongsTo<User> for Reminder {
    fn belonging_to(user: &User) -> Condition {
        Condition::all().add(entity::Column::UserId.eq(user.id))
    }
}

impl Child for Reminder {
    const COLLECTION: &'static str = "reminders";

    fn parent(&self) -> Uuid {
        self.task_id
    }

    fn within(task: &Task) -> Condition {
        Condition::all().add(entity::Column::TaskId.eq(task.id))
    }
}

/// The time of a reminder. Exactly one of the two fields is required.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderInput {
    /// The date and time (UTC) at which the reminder fires. It must be in the future.
    #[serde(default)]
    #[garde(skip)]
    remind_at: Option<Timestamp>,
    /// How many minutes before the due date the reminder fires, from 0 to 525600 (one year). It
    /// follows the due date. While the task has no due date, it does not fire.
    #[serde(default)]
    #[garde(range(min = 0, max = 525_600))]
    #[schema(minimum = 0, maximum = 525_600, example = 60)]
    before_due_minutes: Option<i32>,
}

impl From<&Reminder> for ReminderInput {
    fn from(row: &Reminder) -> Self {
        Self { remind_at: row.remind_at, before_due_minutes: row.before_due_minutes }
    }
}

impl Editable for Reminder {
    type Input = ReminderInput;

    fn blank(born: Birth, ctx: &Context, task: &Task) -> Self {
        Self { task_id: task.id, user_id: ctx.user().unwrap_or_default(), ..Self::born(born) }
    }

    async fn apply(self, tx: &Tx, input: ReminderInput) -> Result<Self> {
        let ReminderInput { remind_at, before_due_minutes } = input;
        let one = |field: &str, message| Err(Error::field(field, "one_of_two", message));
        match (remind_at, before_due_minutes) {
            (None, None) => return one("/remind_at", "One of remind_at and before_due_minutes is required."),
            (Some(_), Some(_)) => {
                return one("/before_due_minutes", "Must be absent when remind_at is given.");
            }
            _ => {}
        }
        if (remind_at, before_due_minutes) == (self.remind_at, self.before_due_minutes) {
            return Ok(self);
        }
        let task = tx.find::<Task>(self.task_id, false).await?.ok_or(Kind::NotFound)?;
        let at = remind_at.or_else(|| before(alarm::due(Some(&task)), before_due_minutes));
        if at.is_some_and(|at| at <= tx.now()) {
            let field = if remind_at.is_some() { "/remind_at" } else { "/before_due_minutes" };
            return Err(Error::field(field, "passed", "The time of the reminder must be in the future."));
        }
        if self.remind_at.is_none() && self.before_due_minutes.is_none() {
            let own = Condition::all()
                .add(entity::Column::TaskId.eq(self.task_id))
                .add(entity::Column::UserId.eq(self.user_id));
            if tx.count::<Self>(tx.owned::<Self>().filter(own)).await? >= MOST {
                let detail =
                    format!("A user can have at most {MOST} reminders of one task. Delete one first.");
                return Err(Error::with(Kind::Conflict, detail));
            }
        }
        // A reminder with a new time fires again.
        Ok(Self { remind_at, before_due_minutes, fired_at: None, ..self })
    }
}
