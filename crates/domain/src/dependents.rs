//! The relations between the resources: which rows are deleted with a row, and which resource
//! reacts to the writes of which other.
//!
//! Invariant: each relation is implemented by the resource that depends on the other. Only this
//! list connects them, so the repository knows no resource.

use taskhub_auth::Cipher;

use crate::{
    Clock, Repository, Result, Scope,
    identity::{access_token::AccessToken, second_factor::SecondFactor, session::Session, user::User},
    insight::{aggregates::LoggedDelta, notification::Notification, offboarding::Assignments, resources},
    kernel::{
        error::Kind,
        policy::{self, Authorization},
        repository::{Cascade, Database, Dependents, Reaction, Resource, Succession},
    },
    work::{
        attachment::Attachment,
        comment::Comment,
        label::Label,
        project::{Milestone, Project},
        reminder::Reminder,
        request::ClientRequest,
        task::{Task, TaskDependency},
        team::{Team, TeamMember},
        time_entry::TimeEntry,
        watcher::Watcher,
    },
};

/// All relations.
pub(crate) static DEPENDENTS: Dependents = Dependents {
    cascades: &[
        Cascade::children::<Milestone>(),
        Cascade::children::<TeamMember>(),
        Cascade::children::<Comment>(),
        Cascade::children::<Attachment>(),
        Cascade::children::<TimeEntry>(),
        Cascade::children::<Watcher>(),
        Cascade::children::<Reminder>(),
        Cascade::children::<TaskDependency>(),
        Cascade::of::<TaskDependency, Task>(),
        Cascade::of::<TeamMember, User>(),
        Cascade::of::<Watcher, User>(),
        Cascade::of::<Reminder, User>(),
        Cascade::of::<Notification, User>(),
        Cascade::of::<AccessToken, User>(),
        Cascade::of::<SecondFactor, User>(),
        Cascade::of::<Session, User>(),
    ],
    reactions: &[
        Reaction::of::<Assignments, User>(),
        Reaction::of::<Assignments, Team>(),
        Reaction::of::<Assignments, TeamMember>(),
        Reaction::of::<Assignments, Project>(),
        Reaction::of::<Task, Project>(),
        Reaction::of::<Task, Label>(),
        Reaction::of::<Reminder, Task>(),
        Reaction::of::<TimeEntry, Task>(),
        Reaction::of::<LoggedDelta, Task>(),
        Reaction::of::<LoggedDelta, TimeEntry>(),
        Reaction::of::<Notification, Task>(),
        Reaction::of::<Notification, Comment>(),
        Reaction::of::<Notification, ClientRequest>(),
    ],
    successions: &[Succession::of::<Watcher, Task>(), Succession::of::<Reminder, Task>()],
    authorize_again: |scope, before| Box::pin(authorize_again(scope, before)),
};

macro_rules! authorize_again {
    ($($resource:ty),*) => {
        async fn authorize_again(scope: &Scope, before: Authorization) -> Result<()> {
            let Authorization { noun, action, row } = before;
            let Some(row) = row else { return policy::permit(scope.ctx(), noun, action) };
            $(if noun == <$resource>::TYPE {
                return scope.authorize_again::<$resource>(row, action).await;
            })*
            Err(Kind::NotFound.into())
        }
    };
}
resources::each!(all, authorize_again);

impl Repository {
    /// Connects to a database whose schema is up to date.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be reached; `Conflict` when its schema is of another
    /// version.
    pub async fn connect(database: &Database, cipher: Cipher, clock: Clock) -> Result<Self> {
        Self::open(database, cipher, clock, &DEPENDENTS).await
    }
}
