//! The role of a user, and whether they are active.
//!
//! Invariant: a change locks the tenant first, so two concurrent changes cannot remove the last
//! active admin. A new role or a deactivation revokes the user's tokens in the same transaction.

use sea_orm::{Condition, entity::prelude::*};

use super::{User, UserInput, entity::Column};
use crate::{
    Error, Result, Tx,
    identity::{link, session},
    kernel::{
        change::ChangeType,
        error::Kind,
        input::{Unchecked, is_reachable},
        policy::Role,
        repository::{Evidence, Precondition, Update},
        scopes,
    },
};

/// Updates a user: replaces it with the body, or merges the body as a patch. A new role or a
/// deactivation revokes the user's tokens.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `Conflict`, `LastAdmin`, and precondition errors.
pub async fn update(tx: &Tx, id: Uuid, body: &Unchecked<UserInput>, pre: &Precondition) -> Result<User> {
    tx.lock_tenant().await?;
    let seen = tx.resolve::<User, _>(id, Update).await?;
    let input = body.check_over(&UserInput::from(seen.row()))?;
    let row = input.into_row(seen.row().clone());
    change(tx, ChangeType::Update, seen, row, pre).await
}

/// Activates or deactivates a user. A user in that state already is left unchanged.
///
/// # Errors
/// `NotFound`, `Forbidden`, `LastAdmin`, and precondition errors.
pub async fn set_active(tx: &Tx, id: Uuid, active: bool, pre: &Precondition) -> Result<User> {
    tx.lock_tenant().await?;
    let seen = tx.resolve::<User, _>(id, Update).await?;
    let row = User { is_active: active, ..seen.row().clone() };
    let change_type = if active { ChangeType::Reactivate } else { ChangeType::Deactivate };
    change(tx, change_type, seen, row, pre).await
}

async fn change(
    tx: &Tx,
    name: ChangeType,
    seen: Evidence<User, Update>,
    row: User,
    pre: &Precondition,
) -> Result<User> {
    let old = seen.row();
    if is_admin(old) && !is_admin(&row) {
        other_admin(tx, old.id).await?;
    }
    let readdressed = old.email != row.email;
    if readdressed && !is_reachable(&row.email) {
        let message = "Must have a domain that receives email, like acme.example.";
        return Err(Error::field("/email", "invalid_value", message));
    }
    if readdressed || old.role != row.role {
        scopes::give_role(tx.ctx(), old.role)?;
        scopes::give_role(tx.ctx(), row.role)?;
    }
    let ends = old.role != row.role || (old.is_active && !row.is_active);
    let row = tx.update_as(name, seen, row, pre).await?;
    if ends {
        session::revoke_user(tx, row.id).await?;
    }
    if readdressed {
        link::verification(tx, &row).await?;
    }
    Ok(row)
}

/// The active user whom a body refers to. They stay active until the transaction ends.
///
/// # Errors
/// `Invalid` at the field, if there is no such user or they are inactive.
pub(crate) async fn refer_active(tx: &Tx, id: Option<Uuid>, field: &str) -> Result<Option<User>> {
    let Some(id) = id else { return Ok(None) };
    let user = tx.hold::<User>(id).await?.ok_or_else(|| Error::reference(field))?;
    if user.is_active {
        return Ok(Some(user));
    }
    let message = "Must be an active user: this user is deactivated.";
    Err(Error::field(format!("/{field}"), "invalid_value", message))
}

pub(crate) fn is_admin(user: &User) -> bool {
    user.is_active && user.role == Role::Admin
}

/// Fails if nobody else is an active admin. The tenant is locked, so no other admin is removed at
/// the same time.
pub(crate) async fn other_admin(tx: &Tx, id: Uuid) -> Result<()> {
    let others = Condition::all()
        .add(Column::Role.eq(Role::Admin))
        .add(Column::IsActive.eq(true))
        .add(Column::Id.ne(id));
    match tx.count::<User>(tx.owned::<User>().filter(others)).await? {
        0 => Err(Error::from(Kind::LastAdmin)),
        _ => Ok(()),
    }
}
