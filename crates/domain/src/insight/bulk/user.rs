//! Bulk operations on users. They use the operations on single users, so the same rules hold:
//! authorisation, the last active admin, revoked tokens and emails.

use sea_orm::entity::prelude::*;
use serde_json::Value;

use super::{Bulk, BulkInput, Wrong, authorize, in_body};
use crate::{
    Context, Error, Result, Tx,
    identity::user::{NewUser, User, check_new, create, update},
    insight::offboarding,
    kernel::{input::Unchecked, repository::Precondition},
};

/// The new users among the operations, with their positions, for a caller who may create users.
/// Their passwords are hashed before the transaction.
///
/// # Errors
/// `Forbidden`, `Invalid`. An error of one operation names its position.
pub fn check_users(ctx: &Context, body: &Unchecked<BulkInput>) -> Result<Vec<(usize, NewUser)>> {
    authorize::<User>(ctx, body)?;
    let (mut wrong, mut checked) = (Wrong::default(), Vec::new());
    for (place, body) in body.check()?.bodies_to_make()? {
        match check_new(ctx, &Unchecked::new(body)) {
            Ok(new) => checked.push((place, new)),
            Err(error) => wrong.add(in_body(error).at_place(place))?,
        }
    }
    wrong.none().map(|()| checked)
}

impl Bulk for User {
    /// The hash of the password.
    type Ready = String;

    async fn make(tx: &Tx, body: Value, hash: Option<&String>) -> Result<Self> {
        // The operations after this one lock the tenant too. In another order, two transactions
        // could wait for each other.
        tx.lock_tenant().await?;
        let new = check_new(tx.ctx(), &Unchecked::new(body))?;
        create(tx, &new, hash.ok_or_else(|| Error::internal("the password of a new user was not hashed"))?)
            .await
    }

    async fn change(tx: &Tx, id: Uuid, patch: Value, pre: &Precondition) -> Result<Self> {
        update(tx, id, &Unchecked::patch(patch), pre).await
    }

    /// A user who still has rows of their own can only be deleted alone, with `transfer_to`.
    async fn remove(tx: &Tx, id: Uuid, pre: &Precondition) -> Result<()> {
        offboarding::remove_user(tx, id, None, pre).await
    }
}
