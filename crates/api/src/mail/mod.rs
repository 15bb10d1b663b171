//! Mail: how it is sent ([`transport`], [`smtp`]), what it says ([`words`]), the task that sends what waits ([`sender`]), and the pages that its links lead to
//! ([`pages`]).
//!
//! Invariant: a link begins with the configured URL and never with what a client said, and its token stands in the fragment, which browsers send to
//! nobody. What waits is the domain's (`taskhub_domain::mail`); who sends it is decided here.

mod health;
pub(crate) mod pages;
pub(crate) mod sender;
mod smtp;
mod transport;
mod words;

pub use self::transport::{Sending, Smtp};
