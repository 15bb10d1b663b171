//! Authorisation: one table of who may do what, and the functions that decide by it.
//!
//! A caller may act on a row if one of the rules for the resource type and the action holds. A rule
//! needs a role, a relation of the caller to the row, both or neither. In addition, the scopes of
//! the credential must reach the resource type (RFC 6749 section 3.3).
//!
//! Invariant: the visibility of a row has one definition. [`authorize`] decides about a loaded row
//! from the relations ([`Relations`]). Lists use the same table as a condition (`visibility`). So
//! what a list shows, counts and filters is what a single read allows. What is not in the table is
//! allowed to nobody.
//!
//! The policy must not know how relations are found, nor any database or HTTP.

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

/// The rules for an action on a resource type. One of them is enough. No rule means that nobody may
/// do it.
pub fn rules(resource: ResourceType, action: Action) -> &'static [Rule] {
    POLICY.iter().find(|(n, a, _)| (*n, *a) == (resource, action)).map_or(&[], |(_, _, rules)| rules)
}

/// The actions on a resource type that are in the table.
pub(crate) fn actions(resource: ResourceType) -> impl Iterator<Item = Action> {
    POLICY.iter().filter(move |(other, ..)| *other == resource).map(|(_, action, _)| *action)
}

/// Whether the caller may do an action, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ruling {
    /// The action.
    #[schema(example = "update")]
    action: &'static str,
    /// Whether the caller may do it.
    allowed: bool,
    /// The rule that allows it, or null if none does.
    #[schema(example = "owner")]
    rule: Option<String>,
    /// All rules for the action. One of them is enough.
    #[schema(example = json!(["admin", "manages_project", "owner", "assignee"]))]
    grounds: Vec<String>,
    /// The scope that the token needs for the action and does not have, or null.
    #[schema(example = "tasks:write")]
    missing_scope: Option<String>,
}

/// Explains the decision of [`authorize`] about a row with these relations. Without relations it
/// explains the decision of [`permit`].
pub(crate) fn explain(
    ctx: &Context,
    resource: ResourceType,
    action: Action,
    relations: Option<Relations>,
) -> Ruling {
    let all = rules(resource, action);
    let rule = all.iter().find(|rule| match relations {
        Some(relations) => rule.holds(ctx.role(), relations),
        None => rule.is_possible(ctx.role()),
    });
    let seen = relations.is_none_or(|relations| action == Action::Create || sees(ctx, resource, relations));
    let rule = rule.filter(|_| seen);
    let missing_scope = (!ctx.reaches(resource, action)).then(|| scope(resource, action));
    Ruling {
        action: action.as_str(),
        allowed: rule.is_some() && missing_scope.is_none(),
        rule: rule.map(ToString::to_string),
        grounds: all.iter().map(ToString::to_string).collect(),
        missing_scope,
    }
}

/// Authorises an action on a row, by the caller's relations to it. It notes the right in the
/// authorisation record of the caller, if there is one.
///
/// # Errors
/// - `InsufficientScope` (403) when the scopes of the credential don't reach the action. It does
///   not depend on the row.
/// - `NotFound` (404) when the caller does not see the row.
/// - `Forbidden` (403) when the caller sees the row but may not do that.
pub fn authorize(ctx: &Context, resource: ResourceType, action: Action, relations: Relations) -> Result<()> {
    reach(ctx, resource, action)?;
    authorize_row(ctx, resource, action, relations)?;
    authorized(ctx, resource, action);
    Ok(())
}

/// As [`authorize`], whatever the scopes of the credential.
///
/// # Errors
/// `NotFound` and `Forbidden`, as [`authorize`].
pub(crate) fn authorize_row(
    ctx: &Context,
    resource: ResourceType,
    action: Action,
    relations: Relations,
) -> Result<()> {
    // No rule allows a change of an invisible row. A row that is being created is not yet visible
    // to anybody.
    if action != Action::Create && !sees(ctx, resource, relations) {
        Err(Kind::NotFound.into())
    } else if is_allowed(ctx, resource, action, relations) {
        Ok(())
    } else {
        Err(Kind::Forbidden.into())
    }
}

fn sees(ctx: &Context, resource: ResourceType, relations: Relations) -> bool {
    is_allowed(ctx, resource, Action::Read, relations)
}

fn is_allowed(ctx: &Context, resource: ResourceType, action: Action, relations: Relations) -> bool {
    rules(resource, action).iter().any(|rule| rule.holds(ctx.role(), relations))
}

/// Authorises an action before there is a row: creating one, or reading a collection. It is enough
/// that a rule can hold for the caller's role, whatever the relations. It notes the right in the
/// authorisation record of the caller, if there is one.
///
/// # Errors
/// `InsufficientScope` and `Forbidden` (403).
pub fn permit(ctx: &Context, resource: ResourceType, action: Action) -> Result<()> {
    reach(ctx, resource, action)?;
    let possible = rules(resource, action).iter().any(|rule| rule.is_possible(ctx.role()));
    if !possible {
        return Err(Kind::Forbidden.into());
    }
    authorized(ctx, resource, action);
    Ok(())
}

/// Notes the right in the authorisation record of the caller, if there is one.
fn authorized(ctx: &Context, resource: ResourceType, action: Action) {
    if let Some(record) = ctx.record() {
        record.authorized(resource, action);
    }
}

fn reach(ctx: &Context, resource: ResourceType, action: Action) -> Result<()> {
    if ctx.reaches(resource, action) {
        return Ok(());
    }
    Err(Error::with(
        Kind::InsufficientScope,
        format!("The token needs the scope {}.", scope(resource, action)),
    ))
}

/// The scope that reaches an action on a resource type, such as `tasks:read`.
fn scope(resource: ResourceType, action: Action) -> String {
    format!("{}:{}", resource.scope(), action.verb())
}

/// What a row must meet so that the caller may read it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// Nothing: the role of the caller is enough.
    All,
    /// One of these relations must hold. If there is none, no row is visible.
    Any(Vec<Relation>),
}

/// The table's condition for reading with a role.
pub(crate) fn visibility(resource: ResourceType, role: Role) -> Visibility {
    let mut relations = Vec::new();
    for rule in rules(resource, Action::Read) {
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
        let all: Vec<_> = POLICY.iter().map(|(resource, action, _)| scope(*resource, *action)).collect();
        prop::option::of(prop::sample::subsequence(all.clone(), 0..=all.len()))
    }

    proptest! {
        /// Lists and single reads agree: the condition of lists holds exactly if the row may be
        /// read.
        #[test]
        fn visibility_is_the_right_to_read(bits in 0u16..4096, role in roles(), resource in prop::sample::select(ResourceType::ALL.to_vec())) {
            let relations = Relations(bits);
            let listed = match visibility(resource, role) {
                Visibility::All => true,
                Visibility::Any(any) => any.into_iter().any(|relation| relations.has(relation)),
            };
            prop_assert_eq!(listed, authorize(&caller(role), resource, Action::Read, relations).is_ok());
        }

        /// The explanation agrees with the decision, whatever the scopes of the credential.
        #[test]
        fn what_is_explained_is_what_is_decided(bits in 0u16..4096, role in roles(), scopes in scopes(), resource in prop::sample::select(ResourceType::ALL.to_vec())) {
            let caller = caller(role).narrowed(scopes);
            for action in actions(resource) {
                let decided = authorize(&caller, resource, action, Relations(bits));
                let ruling = explain(&caller, resource, action, Some(Relations(bits)));
                prop_assert_eq!(ruling.allowed, decided.is_ok());
                prop_assert_eq!(ruling.missing_scope.is_some(), decided.is_err_and(|error| error.kind() == Kind::InsufficientScope));
                prop_assert_eq!(explain(&caller, resource, action, None).allowed, permit(&caller, resource, action).is_ok());
            }
        }

        /// Ownership, assignment and authorship don't make a row visible in a hidden project.
        #[test]
        fn ownership_and_assignment_show_no_row_of_a_hidden_project(
            relations in prop::sample::subsequence(vec![Relation::Owner, Relation::Assignee, Relation::Author], 0..=3),
            role in prop::sample::select(vec![Role::Manager, Role::Member]),
            resource in prop::sample::select(vec![
                ResourceType::Project, ResourceType::Milestone, ResourceType::Task, ResourceType::TaskDependency, ResourceType::Comment, ResourceType::CommentVersion,
                ResourceType::Watcher, ResourceType::Attachment, ResourceType::Document, ResourceType::DocumentVersion,
            ]),
        ) {
            let relations = relations.into_iter().fold(Relations::default(), |relations, relation| relations.with(relation, true));
            for action in actions(resource).filter(|action| *action != Action::Create) {
                let judged = authorize(&caller(role), resource, action, relations);
                prop_assert_eq!(judged.unwrap_err().kind(), Kind::NotFound);
            }
        }

        /// A further relation never takes a right away.
        #[test]
        fn facts_only_add(bits in 0u16..4096, role in roles(), resource in prop::sample::select(ResourceType::ALL.to_vec()), more in prop::sample::select(RELATIONS.to_vec())) {
            for action in [Action::Read, Action::Update, Action::Delete] {
                if authorize(&caller(role), resource, action, Relations(bits)).is_ok() {
                    prop_assert!(authorize(&caller(role), resource, action, Relations(bits).with(more, true)).is_ok());
                }
            }
        }

        /// A forbidden row is visible. An invisible row is absent, whatever the action.
        #[test]
        fn forbidden_means_visible(bits in 0u16..4096, role in roles(), resource in prop::sample::select(ResourceType::ALL.to_vec())) {
            let readable = authorize(&caller(role), resource, Action::Read, Relations(bits)).is_ok();
            for action in [Action::Update, Action::Delete] {
                match authorize(&caller(role), resource, action, Relations(bits)) {
                    Ok(()) => prop_assert!(readable),
                    Err(error) => prop_assert_eq!(error.kind(), if readable { Kind::Forbidden } else { Kind::NotFound }),
                }
            }
        }
    }

    #[test]
    fn every_pair_stands_once() {
        for (resource, action, _) in POLICY {
            assert_eq!(
                POLICY.iter().filter(|(n, a, _)| (n, a) == (resource, action)).count(),
                1,
                "{resource:?} {action:?}"
            );
        }
    }
}
