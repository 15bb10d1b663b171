//! Joining a tenant without an invitation.

use super::{NewUser, User};
use crate::{
    Error, Repository, Result, System, Tx,
    identity::{
        link,
        tenant::{self, Tenant},
    },
    kernel::error::Kind,
};

/// The tenant with a slug, if a user with this email can join it. An unknown, suspended or closed
/// tenant gets the same error.
///
/// # Errors
/// `RegistrationClosed`.
pub async fn joinable(repository: &Repository, system: &System, slug: &str, email: &str) -> Result<Tenant> {
    let found = match tenant::by_slug(repository, system, slug).await {
        Ok(tenant) => Some(tenant),
        Err(error) if error.kind() == Kind::NotFound => None,
        Err(error) => return Err(error),
    };
    found.filter(|tenant| tenant.admits(email).is_some()).ok_or_else(closed)
}

/// Creates a member of the tenant, if it still lets users join.
///
/// # Errors
/// `RegistrationClosed`. `Conflict` if the email or the username is taken.
pub async fn join(tx: &Tx, new: &NewUser, password_hash: &str) -> Result<User> {
    let tenant = tx.find::<Tenant>(tx.ctx().tenant(), false).await?;
    let admitted = tenant.and_then(|tenant| tenant.admits(&new.email)).ok_or_else(closed)?;
    let row = new.clone().into_row(tx.birth(), password_hash.to_owned());
    let user = tx.add(User { must_verify_email: admitted.must_verify_email, ..row }).await?;
    link::verification(tx, &user).await?;
    Ok(user)
}

fn closed() -> Error {
    let detail = "There is no such organisation, or this email address cannot join it without an invitation.";
    Error::with(Kind::RegistrationClosed, detail)
}
