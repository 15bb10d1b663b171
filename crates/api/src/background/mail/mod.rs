//! Emails: the transports ([`transport`], [`smtp`]), the templates ([`templates`]) and the task
//! that sends the waiting emails ([`sender`]).
//!
//! Invariant: a link begins with the configured URL and never with a URL that a client sent. Its
//! token is in the fragment, which browsers send to no server. The outbox is the domain's
//! (`taskhub_domain::mail`).

mod health;
pub(crate) mod sender;
mod smtp;
mod templates;
mod transport;

pub use self::transport::{Sending, Smtp};
