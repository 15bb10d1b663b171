//! The test harness: a real server on its own port, tenants with users, and requests that read as
//! request, status, body.
//!
//! A scenario test is an `async fn(&App)`. [`every_database!`] runs it on SQLite, and on PostgreSQL
//! and MariaDB if `TASKHUB_TEST_POSTGRES_URL` and `TASKHUB_TEST_MYSQL_URL` are set: `build.rs` reads
//! them. Scenarios share these two databases, as tenants do: each creates its own tenants. When an
//! [`App`] ends, it fails if there was a 5xx response that the scenario did not announce.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a harness fails loudly"
)]

mod app;
pub mod browser;
mod call;
mod conformance;
mod mail;
mod people;

pub use app::{App, Backend, configured, encryption_key, run};
pub use call::{Answer, Call};
pub use conformance::{Conformance, conformance};
pub use mail::Mail;
pub use people::{PASSWORD, Tenant, User};

/// Runs scenarios on every configured database, and ignores them on the others:
/// `every_database!(task_is_created, task_is_completed);`.
#[macro_export]
macro_rules! every_database {
    ($($scenario:ident),* $(,)?) => {$(
        mod $scenario {
            #[test]
            fn sqlite() {
                $crate::run($crate::Backend::Sqlite, |app| Box::pin(super::$scenario(app)));
            }
            #[test]
            #[cfg_attr(not(postgres), ignore = "TASKHUB_TEST_POSTGRES_URL is not set")]
            fn postgres() {
                $crate::run($crate::Backend::Postgres, |app| Box::pin(super::$scenario(app)));
            }
            #[test]
            #[cfg_attr(not(mariadb), ignore = "TASKHUB_TEST_MYSQL_URL is not set")]
            fn mariadb() {
                $crate::run($crate::Backend::MariaDb, |app| Box::pin(super::$scenario(app)));
            }
        }
    )*};
}
