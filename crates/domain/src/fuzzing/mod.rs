//! What the fuzz targets call (`fuzz/`): the parsers of outside input, which are private otherwise. It is there under `cfg(fuzzing)` alone, which
//! `cargo fuzz` and `tools/fuzz/parsers.sh` set, and no build that is for use.
//!
//! Invariant: nothing is decided here. Each function hands on to the one that the server calls, with a secret that no server has.

pub mod feed;
pub mod list;

use secrecy::SecretString;
use uuid::Uuid;

use crate::kernel::{
    credential::{Credential, Purpose},
    repository::tokenizer::{self, Wanted},
};
pub use crate::{
    kernel::input::fuzzing as input,
    work::task::fuzzing::{LONGEST_RECURRENCE, recurrence},
};

/// What stands for an installation's secret.
pub const SECRET: &[u8] = b"the secret of no installation at all";

/// A credential that this installation gives out, with a secret of its own each time.
pub fn credential(purpose: Purpose, tenant: Uuid, row: Uuid) -> SecretString {
    Credential::new(purpose, tenant, row, SECRET).into_secret()
}

/// The tenant and the row that a credential names, if it was given out for the purpose.
pub fn read_credential(purpose: Purpose, text: &str) -> Option<(Uuid, Uuid)> {
    let credential = Credential::parse(purpose, &SecretString::from(text), SECRET)?;
    Some((credential.tenant(), credential.row()))
}

/// The terms that a text is found by in a tenant, with blanks between, and those that somebody looks for who types it: the last may be the beginning
/// of one. `None` where that asks for nothing, or for too much.
pub fn terms(tenant: Uuid, text: &str) -> (String, Option<(Vec<String>, String)>) {
    let wanted = Wanted::read("q", text).ok();
    (tokenizer::terms(tenant, [text, ""]), wanted.map(|wanted| wanted.terms(tenant)))
}
