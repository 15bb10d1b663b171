//! Who may do what: one table, and the one function that judges by it.
//!
//! Invariant: a row's visibility has one definition. [`judge`] decides on a loaded row from its [`Facts`]; lists take the same
//! table as a condition ([`grounds`]), so what a list shows, counts and filters is what `resolve` lets be read.

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

/// What the policy speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Noun {
    /// The tenant's settings.
    Tenant,
    /// A user.
    User,
    /// A signed-in device.
    Session,
    /// A project.
    Project,
    /// A task.
    Task,
    /// A document.
    Document,
    /// The audit.
    Audit,
}

impl Noun {
    /// The noun's name, as in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::Session => "session",
            Self::Project => "project",
            Self::Task => "task",
            Self::Document => "document",
            Self::Audit => "audit",
        }
    }

    /// The noun's part of a scope, as in `tasks:read`.
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::User => "users",
            Self::Session => "sessions",
            Self::Project => "projects",
            Self::Task => "tasks",
            Self::Document => "documents",
            Self::Audit => "audit",
        }
    }
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
    /// Remove the row.
    Delete,
}

impl Action {
    /// The action's part of a scope, as in `tasks:read`.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Read | Self::ReadPrivate => "read",
            Self::Create | Self::Update | Self::UpdateProfile | Self::Delete => "write",
        }
    }
}

/// How a caller stands to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Fact {
    /// The row is the caller.
    Oneself = 1,
    /// The caller owns the row.
    Owner = 2,
    /// The row is assigned to the caller.
    Assignee = 4,
    /// The caller wrote the row.
    Author = 8,
    /// The row is, or lies in, a project that the caller sees. Projects are shared with their whole tenant.
    ProjectVisible = 16,
    /// The row is, or lies in, a project that the caller manages: as its manager, or with the role of one.
    ManagesProject = 32,
    /// The row lies in no project.
    Personal = 64,
}

/// The facts that hold between a caller and a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts(u8);

impl Facts {
    /// With the fact, if it holds.
    #[must_use]
    pub const fn with(self, fact: Fact, holds: bool) -> Self {
        if holds { Self(self.0 | fact as u8) } else { self }
    }

    const fn has(self, fact: Fact) -> bool {
        self.0 & fact as u8 != 0
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

    fn holds(self, role: Role, facts: Facts) -> bool {
        self.role.is_none_or(|needed| needed == role) && self.fact.is_none_or(|needed| facts.has(needed))
    }
}

const ALL: Ground = Ground { role: None, fact: None };
const ADMIN: Ground = Ground::role(Role::Admin);
const MANAGER: Ground = Ground::role(Role::Manager);
const MANAGER_IF_PERSONAL: Ground = Ground { role: Some(Role::Manager), fact: Some(Fact::Personal) };
const ONESELF: Ground = Ground::fact(Fact::Oneself);
const OWNER: Ground = Ground::fact(Fact::Owner);
const ASSIGNEE: Ground = Ground::fact(Fact::Assignee);
const AUTHOR: Ground = Ground::fact(Fact::Author);
const PROJECT_VISIBLE: Ground = Ground::fact(Fact::ProjectVisible);
const MANAGES_PROJECT: Ground = Ground::fact(Fact::ManagesProject);

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
    (Noun::Project, Action::Read, &[PROJECT_VISIBLE]),
    (Noun::Project, Action::Create, &[ADMIN, MANAGER]),
    (Noun::Project, Action::Update, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Project, Action::Delete, &[ADMIN, MANAGES_PROJECT]),
    (Noun::Task, Action::Read, &[ADMIN, PROJECT_VISIBLE, OWNER, ASSIGNEE, MANAGER_IF_PERSONAL]),
    (Noun::Task, Action::Create, &[ALL]),
    (Noun::Task, Action::Update, &[ADMIN, MANAGES_PROJECT, OWNER, ASSIGNEE]),
    (Noun::Task, Action::Delete, &[ADMIN, MANAGES_PROJECT, OWNER]),
    (Noun::Document, Action::Read, &[ADMIN, PROJECT_VISIBLE]),
    (Noun::Document, Action::Create, &[ALL]),
    (Noun::Document, Action::Update, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::Document, Action::Delete, &[ADMIN, MANAGES_PROJECT, AUTHOR]),
    (Noun::Audit, Action::Read, &[ADMIN]),
];

/// The grounds for an action on a noun.
pub fn grounds(noun: Noun, action: Action) -> &'static [Ground] {
    POLICY.iter().find(|(n, a, _)| (*n, *a) == (noun, action)).map_or(&[], |(_, _, grounds)| grounds)
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
    let allowed = |action| grounds(noun, action).iter().any(|ground| ground.holds(ctx.role(), facts));
    if allowed(action) {
        Ok(())
    } else if allowed(Action::Read) {
        Err(Kind::Forbidden.into())
    } else {
        Err(Kind::NotFound.into())
    }
}

/// Judges an action before there is a row: making one, or reading a whole collection.
///
/// # Errors
/// `InsufficientScope` or `Forbidden`.
pub fn permit(ctx: &Context, noun: Noun, action: Action) -> Result<()> {
    reach(ctx, noun, action)?;
    let possible = |ground: &Ground| ground.role.is_none_or(|needed| needed == ctx.role());
    if grounds(noun, action).iter().any(possible) { Ok(()) } else { Err(Kind::Forbidden.into()) }
}

fn reach(ctx: &Context, noun: Noun, action: Action) -> Result<()> {
    if ctx.reaches(noun, action) {
        return Ok(());
    }
    let detail = format!("The token needs the scope {}:{}.", noun.scope(), action.verb());
    Err(Error::with(Kind::InsufficientScope, detail))
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

    const FACTS: [Fact; 7] = [
        Fact::Oneself,
        Fact::Owner,
        Fact::Assignee,
        Fact::Author,
        Fact::ProjectVisible,
        Fact::ManagesProject,
        Fact::Personal,
    ];
    const NOUNS: [Noun; 7] =
        [Noun::Tenant, Noun::User, Noun::Session, Noun::Project, Noun::Task, Noun::Document, Noun::Audit];

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

    proptest! {
        /// Lists and single reads agree: the list's condition holds exactly when the row may be read.
        #[test]
        fn visibility_is_the_right_to_read(bits in 0u8..128, role in roles(), noun in prop::sample::select(NOUNS.to_vec())) {
            let facts = Facts(bits);
            let listed = match visibility(noun, role) {
                Visibility::All => true,
                Visibility::Any(any) => any.into_iter().any(|fact| facts.has(fact)),
            };
            prop_assert_eq!(listed, judge(&caller(role), noun, Action::Read, facts).is_ok());
        }

        /// More facts never take a right away.
        #[test]
        fn facts_only_add(bits in 0u8..128, role in roles(), noun in prop::sample::select(NOUNS.to_vec()), more in prop::sample::select(FACTS.to_vec())) {
            for action in [Action::Read, Action::Update, Action::Delete] {
                if judge(&caller(role), noun, action, Facts(bits)).is_ok() {
                    prop_assert!(judge(&caller(role), noun, action, Facts(bits).with(more, true)).is_ok());
                }
            }
        }

        /// What is forbidden is visible, and what is invisible answers as absent whatever is tried.
        #[test]
        fn forbidden_means_visible(bits in 0u8..128, role in roles(), noun in prop::sample::select(NOUNS.to_vec())) {
            let readable = judge(&caller(role), noun, Action::Read, Facts(bits)).is_ok();
            for action in [Action::Update, Action::Delete] {
                if let Err(error) = judge(&caller(role), noun, action, Facts(bits)) {
                    prop_assert_eq!(error.kind(), if readable { Kind::Forbidden } else { Kind::NotFound });
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
