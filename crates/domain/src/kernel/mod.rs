//! What every resource is built on: the policy, the repository with its tenant scope and its recorded
//! write, input, lists, audit and events, idempotency and the login throttle.
//!
//! Invariant: nothing here knows a resource.

pub mod audit;
pub mod context;
pub mod credential;
pub mod crud;
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
