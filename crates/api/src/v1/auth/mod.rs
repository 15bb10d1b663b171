//! `/api/v1/auth`: registering, signing in and out, links by mail, and what is one's own.

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
use taskhub_domain::{Error, idempotency::Answer};

use crate::{problem::Problem, state::State};

/// Hashes a new password that is good enough.
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

/// An answer of nothing, to be kept under an idempotency key.
pub(in crate::v1) fn nothing() -> Answer {
    Answer { status: 204, location: None, etag: None, body: String::new(), replayed: false }
}
