//! How a password is stored, compared and judged.
//!
//! Invariant: a password is stored as Argon2id (RFC 9106) alone, by default at the [`Cost`] that OWASP names as the least.
//! Hashing takes 10 ms and more of a core then. So it runs off the async threads, and no more of it at a time than
//! [`Hasher::new`] allows. It must not know whose password it is.

mod argon;
mod hasher;
mod weakness;

pub use argon::{Cost, NO_PASSWORD};
pub use hasher::Hasher;
pub use weakness::{Weakness, weakness};

/// What came of comparing a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is another, or there was nothing to compare with.
    No,
    /// It is the one.
    Yes,
    /// It is the one, but stored with weaker parameters than today's: hash it again, now that it is at hand.
    YesOutdated,
}

/// Why a password was neither hashed nor compared.
#[derive(thiserror::Error, Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordError {
    /// As many are at work and waiting as may be. Try again shortly: 503 or 429, with `Retry-After`.
    #[error("too many passwords are being checked at once")]
    Busy,
    /// What was stored is not a hash that we could have written, or the work broke off.
    #[error("the password could not be processed")]
    Internal,
}
