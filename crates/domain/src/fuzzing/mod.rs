//! Access for the fuzz targets (`fuzz/`) to the parsers of outside input, which are private
//! otherwise. It exists only under `cfg(fuzzing)`, which `cargo fuzz` and `tools/fuzz/parsers.sh`
//! set and no production build does.
//!
//! Invariant: nothing is decided here. Each function calls the one that the server calls, with a
//! secret that no server has.

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

/// The secret in the place of that of an installation.
pub const SECRET: &[u8] = b"the secret of no installation at all";

/// A credential of the installation, with a new secret each time.
pub fn credential(purpose: Purpose, tenant: Uuid, row: Uuid) -> SecretString {
    Credential::new(purpose, tenant, row, SECRET).into_secret()
}

/// The tenant and the row that a credential names, if it was made for the purpose.
pub fn read_credential(purpose: Purpose, text: &str) -> Option<(Uuid, Uuid)> {
    let credential = Credential::parse(purpose, &SecretString::from(text), SECRET)?;
    Some((credential.tenant(), credential.row()))
}

/// The search terms of a text in a tenant, separated by spaces, and the terms of a search for the
/// text: the whole words and the prefix. The search is `None` if it has no word or is too long.
pub fn terms(tenant: Uuid, text: &str) -> (String, Option<(Vec<String>, String)>) {
    let wanted = Wanted::read("q", text).ok();
    (tokenizer::terms(tenant, [text, ""]), wanted.map(|wanted| wanted.terms(tenant)))
}
