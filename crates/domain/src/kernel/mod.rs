//! The parts that every resource is built on: the policy, the repository with its tenant scope and
//! recorded write, input, lists, the audit log and events, idempotency keys and the login throttle.
//!
//! Invariant: this module does not know any single resource.

pub mod audit;
pub mod change;
pub mod context;
pub mod credential;
pub mod crud;
pub(crate) mod date;
pub mod error;
pub(crate) mod event;
pub mod idempotency;
pub mod input;
pub mod list;
pub mod login_throttle;
pub mod policy;
pub mod repository;
pub mod scopes;
pub mod time;
pub(crate) mod time_zone;
