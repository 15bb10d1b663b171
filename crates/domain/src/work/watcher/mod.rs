//! Watchers: users who are notified about a task that they neither own nor are assigned.
//!
//! Invariant: watching gives no rights. A watcher who can no longer see the task is not notified.

use futures::future::BoxFuture;
use garde::Validate;
use sea_orm::{Condition, QueryFilter, QueryTrait, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Context, Error, Result, Scope, Tx,
    identity::user::{self, User},
    kernel::{
        change::ChangeType,
        crud::Editable,
        error::Kind,
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{
            Access, BelongsTo, Birth, Blank, Child, Container, Listed, PassesOn, Resource, Stored, Unique,
            entity, lies_in_readable,
        },
    },
    work::task::{self, Task},
};

/// How many watchers a task may have. All of them are notified in the transaction of a change.
const MOST: usize = 100;

entity! {
    /// A user who watches a task.
    pub struct Watcher in "watcher", editable {
        /// The id of the task.
        pub task_id: Uuid,
        /// The id of the user, who watches the task once.
        pub user_id: Uuid,
    }
}

impl Resource for Watcher {
    const TYPE: policy::ResourceType = policy::ResourceType::Watcher;
    type Parent = Task;
}

impl Access for Watcher {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let relations = task::relations_within(self.task_id, scope).await?;
        Ok(relations.with(Relation::Owner, scope.ctx().user() == Some(self.user_id)))
    }

    fn lies_in(&self) -> Option<Uuid> {
        Some(self.task_id)
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        let seen = || lies_in_readable::<Task>(ctx, entity::Column::TaskId);
        (relation == Relation::TaskVisible).then(|| Condition::all().add(seen()))
    }

    async fn container(&self, scope: &Scope) -> Result<Option<Container>> {
        task::container_of(self.task_id, scope).await
    }
}

impl Stored for Watcher {
    fn uniques() -> &'static [Unique] {
        &[Unique { index: "watcher_key", columns: "watcher.task_id, watcher.user_id", field: "user_id" }]
    }
}

impl Listed for Watcher {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        &[Filter { name: "user", form: Form::Person, column: entity::Column::UserId }]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

impl BelongsTo<User> for Watcher {
    fn belonging_to(user: &User) -> Condition {
        Condition::all().add(entity::Column::UserId.eq(user.id))
    }
}

impl Child for Watcher {
    const COLLECTION: &'static str = "watchers";

    fn parent(&self) -> Uuid {
        self.task_id
    }

    fn within(task: &Task) -> Condition {
        Condition::all().add(entity::Column::TaskId.eq(task.id))
    }
}

/// The writable fields of a watcher.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WatcherInput {
    /// The id of an active user who can see the task, or null. Default: the caller. Naming another
    /// user requires managing the project; a service account must name a user.
    #[serde(default)]
    #[garde(skip)]
    user_id: Option<Uuid>,
}

impl From<&Watcher> for WatcherInput {
    fn from(row: &Watcher) -> Self {
        Self { user_id: Some(row.user_id) }
    }
}

impl Editable for Watcher {
    type Input = WatcherInput;

    fn blank(born: Birth, ctx: &Context, task: &Task) -> Self {
        Self { task_id: task.id, user_id: ctx.user().unwrap_or_default(), ..Self::born(born) }
    }

    async fn apply(self, tx: &Tx, WatcherInput { user_id }: WatcherInput) -> Result<Self> {
        let Some(user_id) = user_id.or(tx.ctx().user()) else {
            return Err(Error::field(
                "/user_id",
                "required",
                "This field is required for a service account.",
            ));
        };
        let row = Self { user_id, ..self };
        // The right to add oneself, which was checked before, does not include other users.
        tx.authorize_create(&row).await?;
        let user = user::refer_active(tx, Some(user_id), "user_id").await?;
        let task = tx.find::<Task>(row.task_id, false).await?.ok_or(Kind::NotFound)?;
        let sees = match &user {
            Some(user) => task::is_seen(&task, &tx.seen_by(user)).await?,
            None => false,
        };
        if !sees {
            return Err(Error::field("/user_id", "invalid_value", "Must be a user who can see the task."));
        }
        if of_task(tx, row.task_id).await?.len() >= MOST {
            return Err(Error::with(Kind::Conflict, format!("A task can have at most {MOST} watchers.")));
        }
        Ok(row)
    }
}

/// The users who watch a task.
pub(crate) async fn of_task(tx: &Tx, task: Uuid) -> Result<Vec<Uuid>> {
    let rows = tx.owned::<Watcher>().filter(entity::Column::TaskId.eq(task));
    Ok(tx.all::<Watcher>(&rows.into_query()).await?.into_iter().map(|row| row.user_id).collect())
}

/// Makes the author of a comment a watcher of its task, unless the task has [`MOST`] watchers. It
/// follows from the comment, so it needs no OAuth scope of its own.
pub(crate) async fn begin(tx: &Tx, task: Uuid, user: Uuid) -> Result<()> {
    let watching = of_task(tx, task).await?;
    if watching.contains(&user) || watching.len() >= MOST {
        return Ok(());
    }
    keep(tx, task, user).await
}

impl PassesOn<Task> for Watcher {
    /// Copies the watchers of a task to the next task of its series. It follows from the
    /// completion, so it needs no OAuth scope of its own.
    fn pass_on<'a>(tx: &'a Tx, from: &'a Task, to: &'a Task) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for user in of_task(tx, from.id).await? {
                keep(tx, to.id, user).await?;
            }
            Ok(())
        })
    }
}

async fn keep(tx: &Tx, task: Uuid, user: Uuid) -> Result<()> {
    let born = tx.birth();
    let row = Watcher {
        tenant_id: born.tenant,
        id: born.id,
        task_id: task,
        user_id: user,
        created_at: born.at,
        updated_at: born.at,
        version: 1,
    };
    tx.insert_internal(&row).await?;
    let new = serde_json::to_string(&row).map_err(Error::internal)?;
    tx.record_row(ChangeType::Create, &row, false, None, Some(new));
    Ok(())
}
