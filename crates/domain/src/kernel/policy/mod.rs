//! Who may do what: one table, and the one function that judges by it.
//!
//! Invariant: a row's visibility has one definition. [`judge`] decides on a loaded row from its [`Facts`]; lists take the same
//! table as a condition ([`grounds`]), so what a list shows, counts and filters is what `resolve` lets be read.

mod record;
mod table;
mod vocabulary;

use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::record::{Authorization, Record, Recorded};
pub use self::{
    table::POLICY,
    vocabulary::{Action, Relation, Relations, ResourceType, Role, Rule},
};
use crate::{Context, Error, Result, kernel::error::Kind};

/// The grounds for an action on a noun.
pub fn rules(noun: ResourceType, action: Action) -> &'static [Rule] {
    POLICY.iter().find(|(n, a, _)| (*n, *a) == (noun, action)).map_or(&[], |(_, _, rules)| rules)
}

/// The actions on a noun that the table knows.
pub(crate) fn actions(noun: ResourceType) -> impl Iterator<Item = Action> {
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
pub(crate) fn explain(
    ctx: &Context,
    noun: ResourceType,
    action: Action,
    relations: Option<Relations>,
) -> Ruling {
    let all = rules(noun, action);
    let rule = all.iter().find(|rule| match relations {
        Some(relations) => rule.holds(ctx.role(), relations),
        None => rule.is_possible(ctx.role()),
    });
    let seen = relations.is_none_or(|relations| action == Action::Create || sees(ctx, noun, relations));
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
pub fn authorize(ctx: &Context, noun: ResourceType, action: Action, relations: Relations) -> Result<()> {
    reach(ctx, noun, action)?;
    authorize_row(ctx, noun, action, relations)?;
    authorized(ctx, noun, action);
    Ok(())
}

/// As [`judge`], whatever the credential's scopes.
pub(crate) fn authorize_row(
    ctx: &Context,
    noun: ResourceType,
    action: Action,
    relations: Relations,
) -> Result<()> {
    // What is not seen is not changed either, on whatever ground; a row that is being made is seen by nobody yet.
    if action != Action::Create && !sees(ctx, noun, relations) {
        Err(Kind::NotFound.into())
    } else if is_allowed(ctx, noun, action, relations) {
        Ok(())
    } else {
        Err(Kind::Forbidden.into())
    }
}

fn sees(ctx: &Context, noun: ResourceType, relations: Relations) -> bool {
    is_allowed(ctx, noun, Action::Read, relations)
}

fn is_allowed(ctx: &Context, noun: ResourceType, action: Action, relations: Relations) -> bool {
    rules(noun, action).iter().any(|rule| rule.holds(ctx.role(), relations))
}

/// Judges an action before there is a row: making one, or reading a whole collection.
///
/// # Errors
/// `InsufficientScope` or `Forbidden`.
pub fn permit(ctx: &Context, noun: ResourceType, action: Action) -> Result<()> {
    reach(ctx, noun, action)?;
    let possible = rules(noun, action).iter().any(|rule| rule.is_possible(ctx.role()));
    if !possible {
        return Err(Kind::Forbidden.into());
    }
    authorized(ctx, noun, action);
    Ok(())
}

/// Notes the right in the caller's record, if they have one.
fn authorized(ctx: &Context, noun: ResourceType, action: Action) {
    if let Some(record) = ctx.record() {
        record.authorized(noun, action);
    }
}

fn reach(ctx: &Context, noun: ResourceType, action: Action) -> Result<()> {
    if ctx.reaches(noun, action) {
        return Ok(());
    }
    Err(Error::with(Kind::InsufficientScope, format!("The token needs the scope {}.", scope(noun, action))))
}

/// The scope that reaches an action on a noun.
fn scope(noun: ResourceType, action: Action) -> String {
    format!("{}:{}", noun.scope(), action.verb())
}

/// What a list must ask of a row so that the caller may read it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// Nothing: the caller's role is enough.
    All,
    /// One of these facts.
    Any(Vec<Relation>),
}

/// The table's condition for reading, as far as the caller's role leaves it open.
pub(crate) fn visibility(noun: ResourceType, role: Role) -> Visibility {
    let mut relations = Vec::new();
    for rule in rules(noun, Action::Read) {
        match (rule.role, rule.relation) {
            (Some(needed), _) if needed != role => {}
            (_, Some(relation)) => relations.push(relation),
            (_, None) => return Visibility::All,
        }
    }
    Visibility::Any(relations)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Clock, System, kernel::context::Request};

    const RELATIONS: [Relation; 12] = [
        Relation::Oneself,
        Relation::Owner,
        Relation::Assignee,
        Relation::Author,
        Relation::ProjectVisible,
        Relation::ManagesProject,
        Relation::Personal,
        Relation::TeamMember,
        Relation::ManagesTeam,
        Relation::TaskVisible,
        Relation::PersonalOwner,
        Relation::PersonalAssignee,
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
        fn visibility_is_the_right_to_read(bits in 0u16..4096, role in roles(), noun in prop::sample::select(ResourceType::ALL.to_vec())) {
            let relations = Relations(bits);
            let listed = match visibility(noun, role) {
                Visibility::All => true,
                Visibility::Any(any) => any.into_iter().any(|relation| relations.has(relation)),
            };
            prop_assert_eq!(listed, authorize(&caller(role), noun, Action::Read, relations).is_ok());
        }

        /// What is explained is what is decided, whatever the credential's scopes.
        #[test]
        fn what_is_explained_is_what_is_decided(bits in 0u16..4096, role in roles(), scopes in scopes(), noun in prop::sample::select(ResourceType::ALL.to_vec())) {
            let caller = caller(role).narrowed(scopes);
            for action in actions(noun) {
                let decided = authorize(&caller, noun, action, Relations(bits));
                let ruling = explain(&caller, noun, action, Some(Relations(bits)));
                prop_assert_eq!(ruling.allowed, decided.is_ok());
                prop_assert_eq!(ruling.missing_scope.is_some(), decided.is_err_and(|error| error.kind() == Kind::InsufficientScope));
                prop_assert_eq!(explain(&caller, noun, action, None).allowed, permit(&caller, noun, action).is_ok());
            }
        }

        /// How somebody stands to a row of a project shows it to nobody who does not see the
        /// project.
        #[test]
        fn ownership_and_assignment_show_no_row_of_a_hidden_project(
            relations in prop::sample::subsequence(vec![Relation::Owner, Relation::Assignee, Relation::Author], 0..=3),
            role in prop::sample::select(vec![Role::Manager, Role::Member]),
            noun in prop::sample::select(vec![
                ResourceType::Project, ResourceType::Milestone, ResourceType::Task, ResourceType::TaskDependency, ResourceType::Comment, ResourceType::CommentVersion,
                ResourceType::Watcher, ResourceType::Attachment, ResourceType::Document, ResourceType::DocumentVersion,
            ]),
        ) {
            let relations = relations.into_iter().fold(Relations::default(), |relations, relation| relations.with(relation, true));
            for action in actions(noun).filter(|action| *action != Action::Create) {
                let judged = authorize(&caller(role), noun, action, relations);
                prop_assert_eq!(judged.unwrap_err().kind(), Kind::NotFound);
            }
        }

        /// More facts never take a right away.
        #[test]
        fn facts_only_add(bits in 0u16..4096, role in roles(), noun in prop::sample::select(ResourceType::ALL.to_vec()), more in prop::sample::select(RELATIONS.to_vec())) {
            for action in [Action::Read, Action::Update, Action::Delete] {
                if authorize(&caller(role), noun, action, Relations(bits)).is_ok() {
                    prop_assert!(authorize(&caller(role), noun, action, Relations(bits).with(more, true)).is_ok());
                }
            }
        }

        /// What is forbidden is visible, and what is invisible answers as absent whatever is tried.
        #[test]
        fn forbidden_means_visible(bits in 0u16..4096, role in roles(), noun in prop::sample::select(ResourceType::ALL.to_vec())) {
            let readable = authorize(&caller(role), noun, Action::Read, Relations(bits)).is_ok();
            for action in [Action::Update, Action::Delete] {
                match authorize(&caller(role), noun, action, Relations(bits)) {
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
