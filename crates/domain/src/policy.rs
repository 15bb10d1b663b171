//! Who may do what: one table, and the one function that judges by it.
//!
//! Invariant: a row's visibility has one definition. [`judge`] decides on a loaded row from its [`Facts`]; lists take the same
//! table as a condition ([`grounds`]), so what a list shows, counts and filters is what `resolve` lets be read.

use std::fmt;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Context, Error, Result, error::Kind};

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

crate::store::row::enumeration!(Role as String);

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
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Noun {
            $($(#[$doc])* $noun,)*
        }

        impl Noun {
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
pub enum Fact {
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
}

impl Fact {
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
        }
    }
}

/// The facts that hold between a caller and a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts(u16);

impl Facts {
    /// With the fact, if it holds.
    #[must_use]
    pub const fn with(self, fact: Fact, holds: bool) -> Self {
        if holds { Self(self.0 | fact as u16) } else { self }
    }

    pub(crate) const fn has(self, fact: Fact) -> bool {
        self.0 & fact as u16 != 0
    }
}

/// A ground for allowing: a role (or any), and a fact (or none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    role: Option<Role>,
    fact: Option<Fact>,
}

impl Ground {
    const fn role(role: Role) -> Self {
        Self { role: Some(role), fact: None }
    }

    const fn fact(fact: Fact) -> Self {
        Self { role: None, fact: Some(fact) }
    }

    /// Whether it can hold for a role, by some fact or other.
    fn is_possible(self, role: Role) -> bool {
        self.role.is_none_or(|needed| needed == role)
    }

    fn holds(self, role: Role, facts: Facts) -> bool {
        self.is_possible(role) && self.fact.is_none_or(|needed| facts.has(needed))
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.role, self.fact) {
            (None, None) => f.write_str("anybody"),
            (Some(role), None) => f.write_str(role.as_str()),
            (None, Some(fact)) => f.write_str(fact.as_str()),
            (Some(role), Some(fact)) => write!(f, "{} and {}", role.as_str(), fact.as_str()),
        }
    }
}

const ALL: Ground = Ground { role: None, fact: None };
const ADMIN: Ground = Ground::role(Role::Admin);
const MANAGER: Ground = Ground::role(Role::Manager);
const MANAGER_IF_PERSONAL: Ground = Ground { role: Some(Role::Manager), fact: Some(Fact::Personal) };
const ONESELF: Ground = Ground::fact(Fact::Oneself);
const OWNER_IF_PERSONAL: Ground = Ground::fact(Fact::PersonalOwner);
const OWNER: Ground = Ground::fact(Fact::Owner);
const ASSIGNEE: Ground = Ground::fact(Fact::Assignee);
const AUTHOR: Ground = Ground::fact(Fact::Author);
const PROJECT_VISIBLE: Ground = Ground::fact(Fact::ProjectVisible);
const MANAGES_PROJECT: Ground = Ground::fact(Fact::ManagesProject);
const TEAM_MEMBER: Ground = Ground::fact(Fact::TeamMember);
const MANAGES_TEAM: Ground = Ground::fact(Fact::ManagesTeam);
const TASK_VISIBLE: Ground = Ground::fact(Fact::TaskVisible);

/// The table: for a noun and an action, the grounds of which one is enough. What is not here is allowed to nobody.
pub const POLICY: &[(Noun, Action, &[Ground])] = &[
    (Noun::Tenant, Action::Read, &[ALL]),
    (Noun::Tenant, Action::Create, &[ADMIN]),
    (Noun::Tenant, Action::Update, &[ADMIN]),
    (Noun::User, Action::Read, &[ALL]),
    (Noun::User, Action::ReadPrivate, &[ADMIN, ONESELF]),
    (Noun::User, Action::Create, &[ADMIN]),
    (Noun::User, Action::Update, &[ADMIN]),
    (Noun::User, Action::UpdateProfile, &[ONESELF]),
    (Noun::User, Action::Delete, &[ADMIN]),
    (Noun::Session, Action::Read, &[ADMIN, OWNER]),
    (Noun::Session, Action::Create, &[ALL]),
    (Noun::Session, Action::Update, &[ADMIN, OWNER]),
    (Noun::Invitation, Action::Read, &[ADMIN, AUTHOR]),
    (Noun::Invitation, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Invitation, Action::Update, &[ADMIN, AUTHOR]),
    (Noun::Invitation, Action::Delete, &[ADMIN, AUTHOR]),
    (Noun::SecondFactor, Action::Read, &[ADMIN, OWNER]),
    (Noun::SecondFactor, Action::Create, &[ALL]),
    (Noun::SecondFactor, Action::Update, &[OWNER]),
    (Noun::SecondFactor, Action::Delete, &[ADMIN, OWNER]),
    (Noun::AccessToken, Action::Read, &[ADMIN, OWNER]),
    (Noun::AccessToken, Action::Create, &[ALL]),
    (Noun::AccessToken, Action::Update, &[OWNER]),
    (Noun::AccessToken, Action::Delete, &[ADMIN, OWNER]),
    (Noun::ServiceAccount, Action::Read, &[ADMIN]),
    (Noun::ServiceAccount, Action::Create, &[ADMIN]),
    (Noun::ServiceAccount, Action::Update, &[ADMIN]),
    (Noun::ServiceAccount, Action::Delete, &[ADMIN]),
    (Noun::Team, Action::Read, &[ADMIN, TEAM_MEMBER, MANAGES_TEAM]),
    (Noun::Team, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Team, Action::Update, &[ADMIN, MANAGES_TEAM]),
    (Noun::Team, Action::Delete, &[ADMIN, MANAGES_TEAM]),
    (Noun::TeamMember, Action::Read, &[ADMIN, TEAM_MEMBER, MANAGES_TEAM, OWNER]),
    (Noun::TeamMember, Action::Create, &[ADMIN, MANAGES_TEAM]),
    (Noun::TeamMember, Action::Update, &[ADMIN, MANAGES_TEAM]),
    (Noun::TeamMember, Action::Delete, &[ADMIN, MANAGES_TEAM]),
    (Noun::Project, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (Noun::Project, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Project, Action::Update, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Project, Action::Delete, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Milestone, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (Noun::Milestone, Action::Create, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Milestone, Action::Update, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Milestone, Action::Delete, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Task, Action::Read, &[ADMIN, PROJECT_VISIBLE, OWNER, ASSIGNEE, MANAGER_IF_PERSONAL]),
    (Noun::Task, Action::Create, &[ALL]),
    (Noun::Task, Action::Update, &[ADMIN, MANAGES_PROJECT, OWNER, ASSIGNEE]),
    (Noun::Task, Action::Override, &[ADMIN, MANAGES_PROJECT, OWNER_IF_PERSONAL]),
    (Noun::Task, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (Noun::TaskDependency, Action::Read, &[TASK_VISIBLE]),
    (Noun::TaskDependency, Action::Create, &[ADMIN, MANAGES_PROJECT, OWNER, ASSIGNEE]),
    (Noun::TaskDependency, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER_IF_PERSONAL, AUTHOR]),
    (Noun::Label, Action::Read, &[ALL]),
    (Noun::Label, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Label, Action::Update, &[ADMIN, MANAGER]),
    (Noun::Label, Action::Delete, &[ADMIN]),
    (Noun::Comment, Action::Read, &[ADMIN, TASK_VISIBLE]),
    (Noun::Comment, Action::Create, &[ADMIN, TASK_VISIBLE]),
    (Noun::Comment, Action::Update, &[AUTHOR]),
    (Noun::Comment, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::CommentVersion, Action::Read, &[ADMIN, TASK_VISIBLE]),
    (Noun::Watcher, Action::Read, &[ADMIN, TASK_VISIBLE]),
    (Noun::Watcher, Action::Create, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (Noun::Watcher, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (Noun::Reminder, Action::Read, &[OWNER]),
    (Noun::Reminder, Action::Create, &[OWNER]),
    (Noun::Reminder, Action::Update, &[OWNER]),
    (Noun::Reminder, Action::Delete, &[OWNER]),
    (Noun::Notification, Action::Read, &[OWNER]),
    (Noun::Notification, Action::Update, &[OWNER]),
    (Noun::Notification, Action::Delete, &[OWNER]),
    (Noun::Attachment, Action::Read, &[TASK_VISIBLE]),
    (Noun::Attachment, Action::Create, &[TASK_VISIBLE]),
    (Noun::Attachment, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::TimeEntry, Action::Read, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (Noun::TimeEntry, Action::Create, &[OWNER]),
    (Noun::TimeEntry, Action::Update, &[ADMIN, OWNER]),
    (Noun::TimeEntry, Action::Delete, &[ADMIN, OWNER]),
    (Noun::Report, Action::Read, &[ALL]),
    (Noun::Document, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (Noun::Document, Action::Create, &[ALL]),
    (Noun::Document, Action::Update, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::Document, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::DocumentVersion, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (Noun::Client, Action::Read, &[ALL]),
    (Noun::Client, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Client, Action::Update, &[ADMIN, MANAGER]),
    (Noun::Client, Action::Delete, &[ADMIN]),
    (Noun::RequestType, Action::Read, &[ALL]),
    (Noun::RequestType, Action::Create, &[ADMIN, MANAGER]),
    (Noun::RequestType, Action::Update, &[ADMIN, MANAGER]),
    (Noun::RequestType, Action::Delete, &[ADMIN]),
    (Noun::ClientRequest, Action::Read, &[ALL]),
    (Noun::ClientRequest, Action::Create, &[ALL]),
    (Noun::ClientRequest, Action::Update, &[ALL]),
    (Noun::ClientRequest, Action::Delete, &[ADMIN]),
    (Noun::Audit, Action::Read, &[ADMIN]),
    (Noun::History, Action::Read, &[ADMIN, OWNER]),
    // It is reached through the row alone.
    (Noun::Change, Action::Read, &[ALL]),
];

/// The grounds for an action on a noun.
pub fn grounds(noun: Noun, action: Action) -> &'static [Ground] {
    POLICY.iter().find(|(n, a, _)| (*n, *a) == (noun, action)).map_or(&[], |(_, _, grounds)| grounds)
}

/// The actions on a noun that the table knows.
pub(crate) fn actions(noun: Noun) -> impl Iterator<Item = Action> {
    POLICY.iter().filter(move |(other, ..)| *other == noun).map(|(_, action, _)| *action)
}

/// What the table says to a caller about an action.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ruling {
    /// What would be done.
    #[schema(example = "update")]
    action: &'static str,
    /// Whether it is allowed.
    allowed: bool,
    /// The ground on which the caller may, if there is one.
    #[schema(example = "owner")]
    rule: Option<String>,
    /// All grounds; one of them is needed.
    #[schema(example = json!(["admin", "manages_project", "owner", "assignee"]))]
    grounds: Vec<String>,
    /// The scope that the token lacks, if it does.
    #[schema(example = "tasks:write")]
    missing_scope: Option<String>,
}

/// Explains what [`judge`] decides about a row, from the facts, and what [`permit`] decides before there is one, without them.
pub(crate) fn explain(ctx: &Context, noun: Noun, action: Action, facts: Option<Facts>) -> Ruling {
    let all = grounds(noun, action);
    let rule = all.iter().find(|ground| match facts {
        Some(facts) => ground.holds(ctx.role(), facts),
        None => ground.is_possible(ctx.role()),
    });
    let seen = facts.is_none_or(|facts| action == Action::Create || sees(ctx, noun, facts));
    let rule = rule.filter(|_| seen);
    let missing_scope = (!ctx.reaches(noun, action)).then(|| scope(noun, action));
    Ruling {
        action: action.as_str(),
        allowed: rule.is_some() && missing_scope.is_none(),
        rule: rule.map(ToString::to_string),
        grounds: all.iter().map(ToString::to_string).collect(),
        missing_scope,
    }
}

/// Judges an action on a row that exists, by the facts between it and the caller.
///
/// # Errors
/// `InsufficientScope` when the credential does not reach that far (whatever the row), `Forbidden` when the caller sees the row but
/// may not do that, and `NotFound` when they don't see it: the one place that tells these apart.
pub fn judge(ctx: &Context, noun: Noun, action: Action, facts: Facts) -> Result<()> {
    reach(ctx, noun, action)?;
    judge_row(ctx, noun, action, facts)
}

/// As [`judge`], whatever the credential's scopes.
pub(crate) fn judge_row(ctx: &Context, noun: Noun, action: Action, facts: Facts) -> Result<()> {
    // What is not seen is not changed either, on whatever ground; a row that is being made is seen by nobody yet.
    if action != Action::Create && !sees(ctx, noun, facts) {
        Err(Kind::NotFound.into())
    } else if has_ground(ctx, noun, action, facts) {
        Ok(())
    } else {
        Err(Kind::Forbidden.into())
    }
}

fn sees(ctx: &Context, noun: Noun, facts: Facts) -> bool {
    has_ground(ctx, noun, Action::Read, facts)
}

fn has_ground(ctx: &Context, noun: Noun, action: Action, facts: Facts) -> bool {
    grounds(noun, action).iter().any(|ground| ground.holds(ctx.role(), facts))
}

/// Judges an action before there is a row: making one, or reading a whole collection.
///
/// # Errors
/// `InsufficientScope` or `Forbidden`.
pub fn permit(ctx: &Context, noun: Noun, action: Action) -> Result<()> {
    reach(ctx, noun, action)?;
    let possible = grounds(noun, action).iter().any(|ground| ground.is_possible(ctx.role()));
    if possible { Ok(()) } else { Err(Kind::Forbidden.into()) }
}

fn reach(ctx: &Context, noun: Noun, action: Action) -> Result<()> {
    if ctx.reaches(noun, action) {
        return Ok(());
    }
    Err(Error::with(Kind::InsufficientScope, format!("The token needs the scope {}.", scope(noun, action))))
}

/// The scope that reaches an action on a noun.
fn scope(noun: Noun, action: Action) -> String {
    format!("{}:{}", noun.scope(), action.verb())
}

/// What a list must ask of a row so that the caller may read it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// Nothing: the caller's role is enough.
    All,
    /// One of these facts.
    Any(Vec<Fact>),
}

/// The table's condition for reading, as far as the caller's role leaves it open.
pub(crate) fn visibility(noun: Noun, role: Role) -> Visibility {
    let mut facts = Vec::new();
    for ground in grounds(noun, Action::Read) {
        match (ground.role, ground.fact) {
            (Some(needed), _) if needed != role => {}
            (_, Some(fact)) => facts.push(fact),
            (_, None) => return Visibility::All,
        }
    }
    Visibility::Any(facts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Clock, System, context::Request};

    const FACTS: [Fact; 11] = [
        Fact::Oneself,
        Fact::Owner,
        Fact::Assignee,
        Fact::Author,
        Fact::ProjectVisible,
        Fact::ManagesProject,
        Fact::Personal,
        Fact::TeamMember,
        Fact::ManagesTeam,
        Fact::TaskVisible,
        Fact::PersonalOwner,
    ];

    fn caller(role: Role) -> Context {
        System::new("test", Request::default(), Clock::manual()).as_user(
            uuid::Uuid::from_u128(1),
            uuid::Uuid::from_u128(2),
            role,
        )
    }

    fn roles() -> impl Strategy<Value = Role> {
        prop::sample::select(vec![Role::Admin, Role::Manager, Role::Member])
    }

    fn scopes() -> impl Strategy<Value = Option<Vec<String>>> {
        let all: Vec<_> = POLICY.iter().map(|(noun, action, _)| scope(*noun, *action)).collect();
        prop::option::of(prop::sample::subsequence(all.clone(), 0..=all.len()))
    }

    proptest! {
        /// Lists and single reads agree: the list's condition holds exactly when the row may be read.
        #[test]
        fn visibility_is_the_right_to_read(bits in 0u16..2048, role in roles(), noun in prop::sample::select(Noun::ALL.to_vec())) {
            let facts = Facts(bits);
            let listed = match visibility(noun, role) {
                Visibility::All => true,
                Visibility::Any(any) => any.into_iter().any(|fact| facts.has(fact)),
            };
            prop_assert_eq!(listed, judge(&caller(role), noun, Action::Read, facts).is_ok());
        }

        /// What is explained is what is decided, whatever the credential's scopes.
        #[test]
        fn what_is_explained_is_what_is_decided(bits in 0u16..2048, role in roles(), scopes in scopes(), noun in prop::sample::select(Noun::ALL.to_vec())) {
            let caller = caller(role).narrowed(scopes);
            for action in actions(noun) {
                let decided = judge(&caller, noun, action, Facts(bits));
                let ruling = explain(&caller, noun, action, Some(Facts(bits)));
                prop_assert_eq!(ruling.allowed, decided.is_ok());
                prop_assert_eq!(ruling.missing_scope.is_some(), decided.is_err_and(|error| error.kind() == Kind::InsufficientScope));
                prop_assert_eq!(explain(&caller, noun, action, None).allowed, permit(&caller, noun, action).is_ok());
            }
        }

        /// More facts never take a right away.
        #[test]
        fn facts_only_add(bits in 0u16..2048, role in roles(), noun in prop::sample::select(Noun::ALL.to_vec()), more in prop::sample::select(FACTS.to_vec())) {
            for action in [Action::Read, Action::Update, Action::Delete] {
                if judge(&caller(role), noun, action, Facts(bits)).is_ok() {
                    prop_assert!(judge(&caller(role), noun, action, Facts(bits).with(more, true)).is_ok());
                }
            }
        }

        /// What is forbidden is visible, and what is invisible answers as absent whatever is tried.
        #[test]
        fn forbidden_means_visible(bits in 0u16..2048, role in roles(), noun in prop::sample::select(Noun::ALL.to_vec())) {
            let readable = judge(&caller(role), noun, Action::Read, Facts(bits)).is_ok();
            for action in [Action::Update, Action::Delete] {
                match judge(&caller(role), noun, action, Facts(bits)) {
                    Ok(()) => prop_assert!(readable),
                    Err(error) => prop_assert_eq!(error.kind(), if readable { Kind::Forbidden } else { Kind::NotFound }),
                }
            }
        }
    }

    #[test]
    fn every_pair_stands_once() {
        for (noun, action, _) in POLICY {
            assert_eq!(
                POLICY.iter().filter(|(n, a, _)| (n, a) == (noun, action)).count(),
                1,
                "{noun:?} {action:?}"
            );
        }
    }
}
