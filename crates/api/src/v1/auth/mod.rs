//! `/api/v1/auth`: registration, signing in and out, links by email, and the caller's own account.
//!
//! The handlers know HTTP and password hashing. The rules are in `taskhub_domain`.

mod client;
pub(crate) mod introspect;
pub(crate) mod links;
pub(crate) mod metadata;
pub(crate) mod password;
pub(crate) mod permission;
pub(crate) mod profile;
mod proving;
pub(crate) mod register;
mod registration;
pub(crate) mod revoke;
pub(crate) mod sessions;
mod shapes;
mod sign_in;
pub(crate) mod token;
pub(crate) mod totp;

use actix_web::web::Data;
use secrecy::SecretString;
use taskhub_domain::{Error, user::NewUser};

use crate::{problem::Problem, state::State};

/// Hashes a new password after checking its strength.
pub(in crate::v1) async fn hash(
    app: &Data<State>,
    password: &SecretString,
    personal: Vec<String>,
    field: &str,
) -> std::result::Result<String, Problem> {
    if let Some(weakness) = app.hasher.check(password.clone(), personal).await? {
        return Err(Error::field(format!("/{field}"), "weak_password", weakness.message()).into());
    }
    Ok(app.hasher.hash(password.clone()).await?)
}

/// The hash of a new user's password. A user without a password gets a hash that nothing matches.
pub(in crate::v1) async fn hash_of_new(
    app: &Data<State>,
    new: &NewUser,
    field: &str,
) -> std::result::Result<String, Problem> {
    match &new.password {
        Some(password) => hash(app, password, new.personal(), field).await,
        None => Ok(taskhub_auth::NO_PASSWORD.to_owned()),
    }
}
