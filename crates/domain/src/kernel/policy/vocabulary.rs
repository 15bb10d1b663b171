//! The vocabulary of the policy: roles, resource types, actions, relations and the rules that are
//! made of them.
//!
//! Invariant: the names are part of the API (scopes, permissions, audit) and of stored rows, so
//! they never change.

use std::fmt;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::error::Kind;

/// The role of a user in the organisation. An `admin` may do everything in it. A `manager` may do
/// everything in the projects and teams that they manage and in projects without a team, and
/// creates teams and projects. A `member` sees what is shared with them and changes what they own
/// or are assigned to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, DeriveActiveEnum, EnumIter,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything in the organisation.
    Admin,
    /// May do everything in what they manage, and creates teams and projects.
    Manager,
    /// Sees what is shared with them, and changes what they own or are assigned to.
    Member,
}

crate::kernel::repository::row::enumeration!(Role as String);

impl Role {
    /// The name in tokens and responses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Member => "member",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = Kind;

    fn from_str(text: &str) -> Result<Self, Kind> {
        [Self::Admin, Self::Manager, Self::Member]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(Kind::Invalid)
    }
}

/// Declares the resource types. Each has two lines: its documentation, and the Rust name, the name
/// in the audit and the name in scopes.
macro_rules! nouns {
    ($($(#[$doc:meta])* $resource:ident, $name:literal, $scope:literal;)*) => {
        /// A type of resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ResourceType {
            $($(#[$doc])* $resource,)*
        }

        impl ResourceType {
            /// All resource types.
            pub const ALL: &'static [Self] = &[$(Self::$resource),*];

            /// The name in the audit, the change feed and permissions.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$resource => $name,)*
                }
            }

            /// The name in scopes, as in `tasks:read`. Related types share it: a team and its
            /// members, a project and its milestones, a task and its watchers and dependencies, a
            /// document and its versions.
            pub const fn scope(self) -> &'static str {
                match self {
                    $(Self::$resource => $scope,)*
                }
            }
        }
    };
}

nouns! {
    /// The settings of the tenant.
    Tenant, "tenant", "tenant";
    /// A user.
    User, "user", "users";
    /// A session: one signed-in device.
    Session, "session", "sessions";
    /// An invitation to join the tenant.
    Invitation, "invitation", "invitations";
    /// The second factor of a user.
    SecondFactor, "second_factor", "second-factor";
    /// A personal access token of a user.
    AccessToken, "access_token", "access-tokens";
    /// A service account.
    ServiceAccount, "service_account", "service-accounts";
    /// A team.
    Team, "team", "teams";
    /// A member of a team.
    TeamMember, "team_member", "teams";
    /// A project.
    Project, "project", "projects";
    /// A milestone of a project.
    Milestone, "milestone", "projects";
    /// A task.
    Task, "task", "tasks";
    /// A dependency: a task that is blocked by another.
    TaskDependency, "task_dependency", "tasks";
    /// A label for tasks.
    Label, "label", "labels";
    /// A comment on a task.
    Comment, "comment", "comments";
    /// An earlier version of a comment.
    CommentVersion, "comment_version", "comments";
    /// A watcher of a task.
    Watcher, "watcher", "tasks";
    /// A reminder of a task for a user.
    Reminder, "reminder", "reminders";
    /// A notification in a user's inbox.
    Notification, "notification", "notifications";
    /// A file that is attached to a task.
    Attachment, "attachment", "attachments";
    /// Time that a user worked on a task.
    TimeEntry, "time_entry", "time-entries";
    /// Statistics of users and projects.
    Report, "report", "reports";
    /// A document.
    Document, "document", "documents";
    /// An earlier version of a document.
    DocumentVersion, "document_version", "documents";
    /// A client.
    Client, "client", "clients";
    /// A type of client requests.
    RequestType, "request_type", "request-types";
    /// A request of a client.
    ClientRequest, "client_request", "requests";
    /// The audit of the tenant.
    Audit, "audit", "audit";
    /// The audit entries of a user's own actions, without values.
    History, "history", "users";
    /// The history of a row, for callers who see the row.
    Change, "change", "history";
}

/// An action on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Read the row.
    Read,
    /// Read the private fields of a user.
    ReadPrivate,
    /// Create a row.
    Create,
    /// Update the row.
    Update,
    /// Update one's own profile or password.
    UpdateProfile,
    /// Act in spite of an obstacle, such as completing a blocked task.
    Override,
    /// Delete the row.
    Delete,
}

impl Action {
    /// The name in permissions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadPrivate => "read_private",
            Self::Create => "create",
            Self::Update => "update",
            Self::UpdateProfile => "update_profile",
            Self::Override => "override",
            Self::Delete => "delete",
        }
    }

    /// The name in scopes, as in `tasks:read`.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Read | Self::ReadPrivate => "read",
            Self::Create | Self::Update | Self::UpdateProfile | Self::Override | Self::Delete => "write",
        }
    }
}

/// A relation of a caller to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Relation {
    /// The row is the caller.
    Oneself = 1,
    /// The caller owns the row.
    Owner = 2,
    /// The caller is assigned to the row.
    Assignee = 4,
    /// The caller is the author of the row.
    Author = 8,
    /// The row is a project that the caller sees, or is in one: a project without a team, of a team
    /// of theirs, or one that they manage.
    ProjectVisible = 16,
    /// The row is a project that the caller manages, or is in one. The caller is its manager or the
    /// manager of its team. A project without a team is managed by every user with the role of
    /// manager.
    ManagesProject = 32,
    /// The row is in no project.
    Personal = 64,
    /// The row is a team that the caller is a member of, or is in one.
    TeamMember = 128,
    /// The row is a team that the caller manages, or is in one.
    ManagesTeam = 256,
    /// The row is in a task that the caller sees.
    TaskVisible = 512,
    /// The row is in no project, and the caller owns it.
    PersonalOwner = 1024,
    /// The row is in no project, and the caller is assigned to it.
    PersonalAssignee = 2048,
}

impl Relation {
    /// The name in permissions.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Oneself => "oneself",
            Self::Owner => "owner",
            Self::Assignee => "assignee",
            Self::Author => "author",
            Self::ProjectVisible => "project_visible",
            Self::ManagesProject => "manages_project",
            Self::Personal => "personal",
            Self::TeamMember => "team_member",
            Self::ManagesTeam => "manages_team",
            Self::TaskVisible => "task_visible",
            Self::PersonalOwner => "personal_owner",
            Self::PersonalAssignee => "personal_assignee",
        }
    }
}

/// The relations of a caller to a row, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relations(pub(super) u16);

impl Relations {
    /// Adds the relation, if it holds.
    #[must_use]
    pub const fn with(self, relation: Relation, holds: bool) -> Self {
        if holds { Self(self.0 | relation as u16) } else { self }
    }

    pub(crate) const fn has(self, relation: Relation) -> bool {
        self.0 & relation as u16 != 0
    }
}

/// A rule: it needs a role (or any), and a relation (or none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(super) role: Option<Role>,
    pub(super) relation: Option<Relation>,
}

impl Rule {
    pub(super) const fn role(role: Role) -> Self {
        Self { role: Some(role), relation: None }
    }

    pub(super) const fn relation(relation: Relation) -> Self {
        Self { role: None, relation: Some(relation) }
    }

    /// Whether the rule can hold for a role, with some relation.
    pub(super) fn is_possible(self, role: Role) -> bool {
        self.role.is_none_or(|needed| needed == role)
    }

    pub(super) fn holds(self, role: Role, relations: Relations) -> bool {
        self.is_possible(role) && self.relation.is_none_or(|needed| relations.has(needed))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.role, self.relation) {
            (None, None) => f.write_str("anybody"),
            (Some(role), None) => f.write_str(role.as_str()),
            (None, Some(relation)) => f.write_str(relation.as_str()),
            (Some(role), Some(relation)) => write!(f, "{} and {}", role.as_str(), relation.as_str()),
        }
    }
}
