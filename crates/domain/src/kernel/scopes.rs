//! Scopes: what limits a credential, for example `tasks:read`.
//!
//! Invariant: there is one list of scopes, made of the resource types of the policy. A caller
//! passes on only scopes that their own credential has. So a limited credential creates no wider
//! one.

use std::collections::BTreeSet;

use crate::{
    Context, Error, Result,
    kernel::{
        error::Kind,
        policy::{ResourceType, Role},
        repository::Resource,
    },
};

const VERBS: [&str; 2] = ["read", "write"];

/// All scopes.
pub fn all() -> Vec<String> {
    // Some resource types share a scope, as a team and its members do.
    let names: BTreeSet<_> = ResourceType::ALL.iter().map(|resource| resource.scope()).collect();
    names.into_iter().flat_map(|name| VERBS.map(|verb| format!("{name}:{verb}"))).collect()
}

/// The scope to read resources of this type.
pub fn read<R: Resource>() -> String {
    format!("{}:read", R::TYPE.scope())
}

/// The scope to create, change and delete resources of this type.
pub fn write<R: Resource>() -> String {
    format!("{}:write", R::TYPE.scope())
}

/// The scope to read the parents of resources of this type.
pub fn parent<R: Resource>() -> String
where
    R::Parent: Resource,
{
    read::<R::Parent>()
}

/// A garde rule: known scopes, each once. This also limits their number.
pub fn known(scopes: &[String], _: &()) -> garde::Result {
    let all = all();
    for (place, scope) in scopes.iter().enumerate() {
        if !all.contains(scope) {
            return Err(garde::Error::new(format!(
                "must contain only known scopes: {:?} is unknown",
                bounded(scope)
            )));
        }
        if scopes.iter().take(place).any(|earlier| earlier == scope) {
            return Err(garde::Error::new(format!("must contain each scope once: {scope} is repeated")));
        }
    }
    Ok(())
}

/// The part of a client's text that is returned in an error.
fn bounded(scope: &str) -> String {
    scope.chars().take(50).collect()
}

/// Fails if a limited credential lacks one of the scopes.
///
/// # Errors
/// `InsufficientScope`.
pub fn need(ctx: &Context, scopes: &[String]) -> Result<()> {
    match lacking(ctx, scopes) {
        None => Ok(()),
        Some(scope) => {
            Err(Error::with(Kind::InsufficientScope, format!("The token needs the scope {scope}.")))
        }
    }
}

/// The first of the scopes that a limited credential lacks.
fn lacking<'a>(ctx: &Context, scopes: &'a [String]) -> Option<&'a String> {
    let own = ctx.scopes()?;
    scopes.iter().find(|scope| !own.contains(scope))
}

/// Fails if the caller passes on a scope that their own credential lacks. Otherwise it notes the
/// scopes in the authorisation record of the caller, if there is one.
///
/// # Errors
/// `InsufficientScope`.
pub(crate) fn give(ctx: &Context, scopes: &[String]) -> Result<()> {
    match lacking(ctx, scopes) {
        None => {
            if let Some(record) = ctx.record() {
                record.gave(scopes);
            }
            Ok(())
        }
        Some(scope) => {
            let detail = format!("The token can't grant the scope {scope}, because it does not have it.");
            Err(Error::with(Kind::InsufficientScope, detail))
        }
    }
}

/// Fails if a limited credential makes a user a manager or an admin: the user's own credentials
/// would not be limited. A credential with all scopes may.
///
/// # Errors
/// `InsufficientScope`.
pub(crate) fn give_role(ctx: &Context, role: Role) -> Result<()> {
    if role == Role::Member { Ok(()) } else { give(ctx, &all()) }
}

/// The requested ones of `scopes`, separated by spaces (RFC 6749 section 3.3). All of them if none
/// is requested.
///
/// # Errors
/// `Invalid` at `/scope` for a scope that is not in `scopes`.
pub(crate) fn narrowed(scopes: &[String], asked: &str) -> Result<Vec<String>> {
    let mut left: Vec<String> = Vec::new();
    for scope in asked.split(' ').filter(|scope| !scope.is_empty()) {
        if !scopes.iter().any(|had| had == scope) {
            let message = format!("The client does not have the scope {:?}.", bounded(scope));
            return Err(Error::field("/scope", "invalid_scope", message));
        }
        if !left.iter().any(|known| known == scope) {
            left.push(scope.to_owned());
        }
    }
    Ok(if left.is_empty() { scopes.to_vec() } else { left })
}

#[cfg(test)]
mod tests {

    use proptest::prelude::*;

    use super::*;

    fn some() -> impl Strategy<Value = Vec<String>> {
        prop::sample::subsequence(all(), 0..=all().len())
    }

    #[test]
    fn there_are_no_more_than_the_schemas_say() {
        assert!(all().len() <= 100);
    }

    proptest! {
        #[test]
        fn known_is_of_the_list_and_each_once(scopes in some(), other in "[a-z]{1,8}:(read|write|delete)") {
            prop_assert!(known(&scopes, &()).is_ok());
            let with = |more: &String| [scopes.clone(), vec![more.clone()]].concat();
            prop_assert_eq!(known(&with(&other), &()).is_ok(), all().contains(&other) && !scopes.contains(&other));
            if let Some(first) = scopes.first() {
                prop_assert!(known(&with(first), &()).is_err());
            }
        }

        /// A request can narrow the scopes, and never widens them.
        #[test]
        fn what_is_left_was_had_and_asked_for(scopes in some(), asked in some()) {
            match narrowed(&scopes, &asked.join(" ")) {
                Ok(left) if asked.is_empty() => prop_assert_eq!(left, scopes),
                Ok(left) => {
                    prop_assert_eq!(&left, &asked);
                    prop_assert!(asked.iter().all(|scope| scopes.contains(scope)));
                }
                Err(error) => {
                    prop_assert_eq!(error.kind(), Kind::Invalid);
                    prop_assert!(asked.iter().any(|scope| !scopes.contains(scope)));
                }
            }
        }
    }
}
