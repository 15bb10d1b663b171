//! The resources of TaskHub and their rules.
//!
//! A caller outside this crate holds a [`Context`], passes it to the [`Repository`] and calls the
//! operations of a resource ([`crud::list`], [`task::complete`], …). The crate must not know HTTP,
//! and it reads no environment variables.
//!
//! Invariant: no caller can reach the rows of another tenant. Each promise is kept by a test that
//! must not compile:
//!
//! A context can't be made from an id. It is made from a verified principal, or for the server's
//! own work:
//! ```compile_fail
//! let context = taskhub_domain::Context { tenant: uuid::Uuid::nil() };
//! ```
//! An entity can't be named, so no query can be built outside the scope:
//! ```compile_fail
//! use taskhub_domain::task::entity::Entity;
//! ```
//! A connection never leaves the scope:
//! ```compile_fail
//! fn connection(scope: &taskhub_domain::Scope) { let _ = &scope.conn; }
//! ```
//! Evidence can't be forged, and evidence of a right to read does not prove a right to change:
//! ```compile_fail
//! fn forge(row: taskhub_domain::task::Task) {
//!     let _ = taskhub_domain::repository::Evidence::<_, taskhub_domain::repository::Update> { row };
//! }
//! ```
//! ```compile_fail
//! use taskhub_domain::{repository::{Evidence, Precondition, Read}, task::Task, Tx};
//! async fn change(tx: &Tx, seen: Evidence<Task, Read>, row: Task) {
//!     let _ = tx.update(seen, row, &Precondition::None).await;
//! }
//! ```
//! The same lines with the right evidence compile:
//! ```
//! use taskhub_domain::{repository::{Evidence, Precondition, Update}, task::Task, Tx};
//! async fn change(tx: &Tx, seen: Evidence<Task, Update>, row: Task) {
//!     let _ = tx.update(seen, row, &Precondition::None).await;
//! }
//! ```

mod dependents;
#[cfg(fuzzing)]
pub mod fuzzing;
mod identity;
mod insight;
mod kernel;
mod work;

pub use self::kernel::{
    context::{Context, System},
    date::Date,
    error::{Error, Result},
    repository::{Repository, Scope, Tx},
    time::{Clock, Timestamp},
};
pub use self::{
    identity::{
        access_token, invitation, link, mail, picture, second_factor, service_account, session, tenant, user,
    },
    insight::{
        aggregates, backup, bulk, change_feed, dashboard, notification, offboarding, permission, report,
        search,
    },
    kernel::{
        audit, change, context, credential, crud, error, idempotency, input, list, login_throttle, policy,
        repository, scopes, time,
    },
    work::{
        attachment, client, comment, document, file, label, project, reminder, request, task, team,
        time_entry, watcher,
    },
};
