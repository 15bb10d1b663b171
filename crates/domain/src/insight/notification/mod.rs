//! Notifications: messages in the inbox of a user, and by email.
//!
//! Invariant: a notification is written in the transaction of the change that it is about. A user
//! is not notified of their own actions, of kinds that they switched off, or of rows that they
//! cannot see at that time. Only its user reads a notification, and only while they see the row:
//! its text contains the title.

mod due;
mod inbox;
mod notify;
mod quiet;

use sea_orm::{Condition, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::notify::about_unassigned;
pub use self::{
    due::ring,
    inbox::{count_unread, read, read_all},
};
use crate::{
    Context, Result, Scope,
    identity::user::{Channel, Preferences, User},
    kernel::{
        list::{Filter, Form, Sort},
        policy::{self, Action, Relation, Relations},
        repository::{Access, BelongsTo, Listed, Resource, Stored, entity, names_readable, row::enumeration},
    },
    work::{project::Project, request::ClientRequest, task::Task},
};

/// The event that a notification reports.
///
/// - `assigned`: a task or a client request was assigned to the user, or tasks in a project that
///   they manage lost their assignee.
/// - `mentioned`: a comment mentions the user.
/// - `commented`: a task that the user owns, is assigned or watches got a comment.
/// - `status_changed`: a task that the user owns, is assigned or watches got another status.
/// - `due_soon`: a task is due within 24 hours.
/// - `overdue`: a task is past its due date.
/// - `reminder`: a reminder of the user fired.
///
/// `due_soon` and `overdue` go to the assignee of the task, or to its owner if it has none.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, DeriveActiveEnum, EnumIter,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A task or a client request was assigned to the user, or tasks in a project that they manage
    /// lost their assignee.
    Assigned,
    /// A comment mentions the user.
    Mentioned,
    /// A task that the user owns, is assigned or watches got a comment.
    Commented,
    /// The status of such a task changed.
    StatusChanged,
    /// A task of the user is due within 24 hours.
    DueSoon,
    /// A task of the user is past its due date.
    Overdue,
    /// A reminder of the user fired.
    Reminder,
}

entity! {
    /// A message in the inbox of a user.
    pub struct Notification in "notification", shown {
        /// The id of the user whose inbox it is in.
        pub user_id: Uuid,
        /// The event that the notification reports.
        pub kind: NotificationKind,
        /// The type of the resource that it is about: `task`, `comment`, `client_request` or
        /// `project`.
        #[schema(example = "task")]
        pub noun: String,
        /// The id of that resource, which may have been deleted.
        pub row_id: Uuid,
        /// The id of the task that the resource is or belongs to. All zeros if it is about a client
        /// request or a project.
        pub task_id: Uuid,
        /// The id of the user or service account that caused it, or null if the server did at a
        /// scheduled time.
        pub actor_id: Option<Uuid>,
        /// A sentence for the user, with the names and titles of that time.
        #[schema(example = "Grace Hopper assigned “Write the release notes” to you.")]
        pub text: String,
        /// The date and time (UTC) at which it was marked as read, or null while it is unread.
        pub read_at: Option<Timestamp>,
        ..stamps,
        /// Whether it is unread, for filters. No response contains it: `read_at` has the same
        /// information.
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

impl Resource for Notification {
    const TYPE: policy::ResourceType = policy::ResourceType::Notification;
    type Parent = ();
}

impl Access for Notification {
    async fn relations(&self, scope: &Scope, _action: Action) -> Result<Relations> {
        let own = scope.ctx().user() == Some(self.user_id);
        Ok(Relations::default().with(Relation::Owner, own && self.is_about_seen(scope).await?))
    }

    fn related(relation: Relation, ctx: &Context) -> Option<Condition> {
        use entity::Column;
        let user = ctx.user()?;
        let about = || {
            Condition::any()
                .add(names_readable::<Task>(ctx, Column::TaskId))
                .add(names_readable::<ClientRequest>(ctx, Column::RowId))
                .add(names_readable::<Project>(ctx, Column::RowId))
        };
        (relation == Relation::Owner).then(|| Condition::all().add(Column::UserId.eq(user)).add(about()))
    }
}

impl Stored for Notification {
    const HIDDEN: &'static [&'static str] = &["tenant_id", "unread"];

    fn derived(mut self) -> Self {
        self.unread = self.read_at.is_none();
        self
    }
}

impl Listed for Notification {
    type Item = Self;

    fn filters() -> &'static [Filter<Self>] {
        use entity::Column;
        const KINDS: &[&str] =
            &["assigned", "mentioned", "commented", "status_changed", "due_soon", "overdue", "reminder"];
        &[
            Filter { name: "kind", form: Form::Words(KINDS), column: Column::Kind },
            Filter { name: "unread", form: Form::Flag, column: Column::Unread },
            Filter { name: "task", form: Form::Id, column: Column::TaskId },
            Filter { name: "created_at", form: Form::Timestamp, column: Column::CreatedAt },
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
    /// Whether the caller sees the row that it is about. [`Access::related`] is the same condition in
    /// the database.
    async fn is_about_seen(&self, scope: &Scope) -> Result<bool> {
        if !self.task_id.is_nil() {
            return sees::<Task>(scope, self.task_id).await;
        }
        Ok(sees::<ClientRequest>(scope, self.row_id).await? || sees::<Project>(scope, self.row_id).await?)
    }
}

async fn sees<N: Resource>(scope: &Scope, id: Uuid) -> Result<bool> {
    let Some(row) = scope.find::<N>(id, false).await? else { return Ok(false) };
    let relations = row.relations(scope, Action::Read).await?;
    Ok(policy::authorize_row(scope.ctx(), N::TYPE, Action::Read, relations).is_ok())
}
