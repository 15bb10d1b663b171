//! Hashing, comparing and assessing passwords.
//!
//! Invariant: a password is stored only as an Argon2id hash (RFC 9106). The default [`Cost`] is the
//! minimum that OWASP recommends. One hash takes at least 10 ms of a core, so hashing runs outside
//! the async threads, and [`Hasher::new`] bounds how many run at a time.
//!
//! This module does not know whose password it is.

mod argon;
mod hasher;
mod weakness;

pub use argon::{Cost, NO_PASSWORD};
pub use hasher::Hasher;
pub use weakness::{Weakness, weakness};

/// The result of comparing a password with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The password is wrong, or there is no stored hash.
    No,
    /// The password is right.
    Yes,
    /// The password is right, but its hash has weaker parameters than the present ones. The caller
    /// should hash it again and store the result.
    YesOutdated,
}

/// Why a password was not hashed, compared or assessed.
#[derive(thiserror::Error, Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordError {
    /// The queue is full. The caller should try again shortly; an HTTP server responds with 503 or
    /// 429 and `Retry-After`.
    #[error("too many passwords are being checked at once")]
    Busy,
    /// The stored text is not a hash of TaskHub, or the work was aborted.
    #[error("the password could not be processed")]
    Internal,
}
