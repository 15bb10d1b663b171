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
//!     let _ = taskhub_domain::repository::Evidence::<_, taskhub_domain::repository::Update> { row };
//! }
//! ```
//! ```compile_fail
//! use taskhub_domain::{repository::{Evidence, Precondition, Read}, task::Task, Tx};
//! async fn change(tx: &Tx, seen: Evidence<Task, Read>, row: Task) {
//!     let _ = tx.update(seen, row, &Precondition::None).await;
//! }
//! ```
//! The same lines with the right evidence do compile:
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
    error::{Error, Result},
    repository::{Repository, Scope, Tx},
    time::{Clock, Instant},
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
        audit, context, credential, crud, error, idempotency, input, list, login_throttle, policy,
        repository, scopes, time,
    },
    work::{
        attachment, client, comment, document, file, label, project, reminder, request, task, team,
        time_entry, watcher,
    },
};
