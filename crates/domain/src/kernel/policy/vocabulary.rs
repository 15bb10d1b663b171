//! The words of the policy: roles, nouns, actions, facts, and the grounds that are made of them.

use std::fmt;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::error::Kind;

/// A user's role in their tenant.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, DeriveActiveEnum, EnumIter,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything inside the tenant.
    Admin,
    /// Everything in what they manage; creates projects.
    Manager,
    /// Sees what is shared; changes what they own or are assigned.
    Member,
}

crate::kernel::repository::row::enumeration!(Role as String);

impl Role {
    /// The word in tokens and answers.
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

/// The nouns, two lines each: what it is, and its name, the name in the audit and the part of a scope.
macro_rules! nouns {
    ($($(#[$doc:meta])* $noun:ident, $name:literal, $scope:literal;)*) => {
        /// What the policy speaks of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ResourceType {
            $($(#[$doc])* $noun,)*
        }

        impl ResourceType {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$noun),*];

            /// The noun's name, as in the audit.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$noun => $name,)*
                }
            }

            /// The noun's part of a scope, as in `tasks:read`. One right may reach several: a team and who is in it, a project and its
            /// milestones, a task, who watches it and what it waits for, a document and what it was.
            pub const fn scope(self) -> &'static str {
                match self {
                    $(Self::$noun => $scope,)*
                }
            }
        }
    };
}

nouns! {
    /// The tenant's settings.
    Tenant, "tenant", "tenant";
    /// A user.
    User, "user", "users";
    /// A signed-in device.
    Session, "session", "sessions";
    /// An invitation to join the tenant.
    Invitation, "invitation", "invitations";
    /// A user's second factor.
    SecondFactor, "second_factor", "second-factor";
    /// A user's personal access token.
    AccessToken, "access_token", "access-tokens";
    /// A service account.
    ServiceAccount, "service_account", "service-accounts";
    /// A team.
    Team, "team", "teams";
    /// A user in a team.
    TeamMember, "team_member", "teams";
    /// A project.
    Project, "project", "projects";
    /// A milestone of a project.
    Milestone, "milestone", "projects";
    /// A task.
    Task, "task", "tasks";
    /// A task that waits for another.
    TaskDependency, "task_dependency", "tasks";
    /// A label of tasks.
    Label, "label", "labels";
    /// What somebody said about a task.
    Comment, "comment", "comments";
    /// What a comment said before it was edited.
    CommentVersion, "comment_version", "comments";
    /// A user who watches a task.
    Watcher, "watcher", "tasks";
    /// When a user wants to be reminded of a task.
    Reminder, "reminder", "reminders";
    /// A line in a user's inbox.
    Notification, "notification", "notifications";
    /// A file that lies at a task.
    Attachment, "attachment", "attachments";
    /// Time that was worked on a task.
    TimeEntry, "time_entry", "time-entries";
    /// Figures of people and projects.
    Report, "report", "reports";
    /// A document.
    Document, "document", "documents";
    /// What a document was.
    DocumentVersion, "document_version", "documents";
    /// A client.
    Client, "client", "clients";
    /// A kind of request.
    RequestType, "request_type", "request-types";
    /// What a client asks for.
    ClientRequest, "client_request", "requests";
    /// The audit.
    Audit, "audit", "audit";
    /// What a user did, as the audit tells it without values.
    History, "history", "users";
    /// What happened to a row, as it is told to those who see the row.
    Change, "change", "history";
}

/// What is done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See the row.
    Read,
    /// See a user's private fields.
    ReadPrivate,
    /// Make one.
    Create,
    /// Change the row.
    Update,
    /// Change one's own profile or password.
    UpdateProfile,
    /// Do in spite of what stands against it, as completing a task that is blocked.
    Override,
    /// Remove the row.
    Delete,
}

impl Action {
    /// The action's name.
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

    /// The action's part of a scope, as in `tasks:read`.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Read | Self::ReadPrivate => "read",
            Self::Create | Self::Update | Self::UpdateProfile | Self::Override | Self::Delete => "write",
        }
    }
}

/// How a caller stands to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Relation {
    /// The row is the caller.
    Oneself = 1,
    /// The caller owns the row.
    Owner = 2,
    /// The row is assigned to the caller.
    Assignee = 4,
    /// The caller wrote the row.
    Author = 8,
    /// The row is, or lies in, a project that the caller sees: one of no team, of a team of theirs, or one that they manage.
    ProjectVisible = 16,
    /// The row is, or lies in, a project that the caller manages: as its manager, as its team's, or, where there is no team, with the role of one.
    ManagesProject = 32,
    /// The row lies in no project.
    Personal = 64,
    /// The row is, or lies in, a team that the caller is a member of.
    TeamMember = 128,
    /// The row is, or lies in, a team that the caller manages.
    ManagesTeam = 256,
    /// The row lies in a task that the caller sees.
    TaskVisible = 512,
    /// The row lies in no project, and the caller owns it.
    PersonalOwner = 1024,
    /// The row lies in no project, and is assigned to the caller.
    PersonalAssignee = 2048,
}

impl Relation {
    /// The fact's name.
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

/// The facts that hold between a caller and a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relations(pub(super) u16);

impl Relations {
    /// With the fact, if it holds.
    #[must_use]
    pub const fn with(self, relation: Relation, holds: bool) -> Self {
        if holds { Self(self.0 | relation as u16) } else { self }
    }

    pub(crate) const fn has(self, relation: Relation) -> bool {
        self.0 & relation as u16 != 0
    }
}

/// A ground for allowing: a role (or any), and a fact (or none).
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

    /// Whether it can hold for a role, by some fact or other.
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
