//! What TaskHub knows, and its rules. No HTTP.
//!
//! A caller outside this crate holds a [`Context`], hands it to the [`Store`] and calls a noun's operations ([`task::patch`],
//! [`project::list`], …). What it can't do is what keeps tenants apart; each promise is pinned by a test that must not compile:
//!
//! A context can't be made from an id, only from a verified principal or for the server's own work:
//! ```compile_fail
//! let context = taskhub_domain::Context { tenant: uuid::Uuid::nil() };
//! ```
//! An entity can't be named, so no query can be built outside the scope:
//! ```compile_fail
//! use taskhub_domain::task::entity::Entity;
//! ```
//! A connection is never lent:
//! ```compile_fail
//! fn connection(scope: &taskhub_domain::Scope) { let _ = &scope.conn; }
//! ```
//! Evidence can't be forged, and the evidence of a right to read is none of a right to change:
//! ```compile_fail
//! fn forge(row: taskhub_domain::task::Task) {
//!     let _ = taskhub_domain::store::Evidence::<_, taskhub_domain::store::Update> { row };
//! }
//! ```
//! ```compile_fail
//! use taskhub_domain::{store::{Evidence, Precondition, Read}, task::Task, Tx};
//! async fn change(tx: &Tx, seen: Evidence<Task, Read>, row: Task) {
//!     let _ = tx.update(seen, row, &Precondition::None).await;
//! }
//! ```
//! The same lines with the right evidence do compile:
//! ```
//! use taskhub_domain::{store::{Evidence, Precondition, Update}, task::Task, Tx};
//! async fn change(tx: &Tx, seen: Evidence<Task, Update>, row: Task) {
//!     let _ = tx.update(seen, row, &Precondition::None).await;
//! }
//! ```

pub mod access_token;
pub mod attachment;
pub mod audit;
pub mod backup;
pub mod bulk;
pub mod client;
pub mod comment;
pub mod context;
pub mod credential;
pub mod dashboard;
pub mod document;
pub mod edit;
pub mod error;
mod event;
pub mod feed;
pub mod file;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod guess;
pub mod idempotency;
pub mod input;
pub mod instant;
pub mod invitation;
pub mod label;
pub mod link;
pub mod list;
pub mod mail;
pub mod notification;
pub mod offboarding;
pub mod permission;
pub mod picture;
pub mod policy;
mod priority;
pub mod project;
mod relations;
pub mod reminder;
pub mod report;
pub mod request;
mod resources;
pub mod scopes;
pub mod search;
pub mod second_factor;
pub mod service_account;
pub mod session;
pub mod store;
pub mod tally;
pub mod task;
pub mod team;
pub mod tenant;
pub mod time_entry;
pub mod user;
pub mod watcher;
mod zone;

pub use context::{Context, System};
pub use error::{Error, Result};
pub use instant::{Clock, Instant};
pub use store::{Scope, Store, Tx};
