//! Notifications: what a user is told, in an inbox of their own and by mail.
//!
//! Invariant: a notification is written in the transaction of what it is about. Nobody is notified
//! of what they caused, do not want to know, or can't see at that moment. Only its user reads a
//! notification, and only while they see what it is about: its text has the title of that.

mod due;
mod inbox;
mod quiet;
mod tell;

use sea_orm::{Condition, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::tell::about_unassigned;
pub use self::{
    due::ring,
    inbox::{count_unread, read, read_all},
};
use crate::{
    Context, Result, Scope,
    list::{Filter, Form, Sort},
    policy::{self, Action, Fact, Facts},
    project::Project,
    request::ClientRequest,
    store::{BelongsTo, Noun, entity, names_readable, row::enumeration},
    task::Task,
    user::{Channel, Preferences, User},
};

/// What a notification tells.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, DeriveActiveEnum, EnumIter,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A task or a client's request was assigned to the user, or tasks in a project that they
    /// manage lost their assignee.
    Assigned,
    /// Somebody mentioned the user in a comment.
    Mentioned,
    /// Somebody commented on a task of the user's, or one that they watch.
    Commented,
    /// The status of such a task changed.
    StatusChanged,
    /// A task of the user's is due within a day.
    DueSoon,
    /// A task of the user's is overdue.
    Overdue,
    /// What the user wanted to be reminded of.
    Reminder,
}

entity! {
    /// One line in a user's inbox.
    pub struct Notification in "notification", shown {
        /// Whose inbox it is in.
        pub user_id: Uuid,
        pub kind: NotificationKind,
        /// What kind of row it is about.
        #[schema(example = "task")]
        pub noun: String,
        /// The id of that row, which may be gone.
        pub row_id: Uuid,
        /// The task that the row is, or lies in; nil (all zeros) for a client's request or a
        /// project, which lie in none.
        pub task_id: Uuid,
        /// The user or service that caused it; null when time did.
        pub actor_id: Option<Uuid>,
        /// A sentence for people, as of then.
        #[schema(example = "Grace Hopper assigned “Write the release notes” to you.")]
        pub text: String,
        /// When it was read; null while it is not.
        pub read_at: Option<Instant>,
        ..stamps,
        /// Whether it is yet to be read, for filters. Never shown: `read_at` tells it.
        #[serde(skip)]
        pub unread: bool,
    }
}

enumeration!(NotificationKind as String);

impl NotificationKind {
    /// Where notifications of this kind go.
    fn channel(self, preferences: &Preferences) -> Channel {
        match self {
            Self::Assigned => preferences.assignment,
            Self::Mentioned => preferences.mention,
            Self::Commented => preferences.comment,
            Self::StatusChanged => preferences.status,
            Self::DueSoon => preferences.due_soon,
            Self::Overdue => preferences.overdue,
            Self::Reminder => preferences.reminder,
        }
    }
}

impl Noun for Notification {
    const NOUN: policy::Noun = policy::Noun::Notification;
    const HIDDEN: &'static [&'static str] = &["tenant_id", "unread"];
    type Item = Self;

    async fn facts(&self, scope: &Scope, _action: Action) -> Result<Facts> {
        let own = scope.ctx().user() == Some(self.user_id);
        Ok(Facts::default().with(Fact::Owner, own && self.is_about_seen(scope).await?))
    }

    fn holds(fact: Fact, ctx: &Context) -> Option<Condition> {
        use entity::Column;
        let user = ctx.user()?;
        let about = || {
            Condition::any()
                .add(names_readable::<Task>(ctx, Column::TaskId))
                .add(names_readable::<ClientRequest>(ctx, Column::RowId))
                .add(names_readable::<Project>(ctx, Column::RowId))
        };
        (fact == Fact::Owner).then(|| Condition::all().add(Column::UserId.eq(user)).add(about()))
    }

    fn derived(mut self) -> Self {
        self.unread = self.read_at.is_none();
        self
    }

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        const KINDS: &[&str] =
            &["assigned", "mentioned", "commented", "status_changed", "due_soon", "overdue", "reminder"];
        &[
            Filter { name: "kind", form: Form::Words(KINDS), column: Column::Kind },
            Filter { name: "unread", form: Form::Flag, column: Column::Unread },
            Filter { name: "task", form: Form::Id, column: Column::TaskId },
            Filter { name: "created_at", form: Form::Instant, column: Column::CreatedAt },
        ]
    }

    fn sorts() -> &'static [Sort<Self>] {
        &[Sort { name: "created_at", column: "id", key: |row| row.id.into() }]
    }
}

impl BelongsTo<User> for Notification {
    fn belonging_to(user: &User) -> Condition {
        Condition::all().add(entity::Column::UserId.eq(user.id))
    }
}

impl Notification {
    /// Whether the caller sees what it is about, as [`Noun::holds`] asks it of the database.
    async fn is_about_seen(&self, scope: &Scope) -> Result<bool> {
        if !self.task_id.is_nil() {
            return sees::<Task>(scope, self.task_id).await;
        }
        Ok(sees::<ClientRequest>(scope, self.row_id).await? || sees::<Project>(scope, self.row_id).await?)
    }
}

async fn sees<N: Noun>(scope: &Scope, id: Uuid) -> Result<bool> {
    let Some(row) = scope.find::<N>(id, false).await? else { return Ok(false) };
    let facts = row.facts(scope, Action::Read).await?;
    Ok(policy::judge_row(scope.ctx(), N::NOUN, Action::Read, facts).is_ok())
}
