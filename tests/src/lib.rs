//! The harness: a real server on a port of its own, two tenants, and requests that read as request, status, body.
//!
//! A story is an `async fn(&App)`; [`every_database!`] runs it on SQLite always, and on PostgreSQL and MariaDB when
//! `TASKHUB_TEST_POSTGRES_URL` and `TASKHUB_TEST_MYSQL_URL` are set (`TASKHUB_TEST_REQUIRE_ALL` makes it fail when they are not). Stories share a
//! database on these two, as tenants do: each makes tenants of its own. When an [`App`] goes, no answer may have been a 5xx that the story did not
//! notify_nodes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    reason = "a harness fails loudly"
)]

mod app;
pub mod browser;
mod call;
mod mail;
mod people;
mod told;

pub use app::{App, Backend, configured, encryption_key, run};
pub use call::{Answer, Call};
pub use mail::Mail;
pub use people::{PASSWORD, Tenant, User};
pub use told::{Told, told};

/// Runs stories on every database that is configured: `every_database!(creates_a_task, completes_a_task);`.
#[macro_export]
macro_rules! every_database {
    ($($story:ident),* $(,)?) => {$(
        mod $story {
            #[test]
            fn sqlite() {
                $crate::run($crate::Backend::Sqlite, |app| Box::pin(super::$story(app)));
            }
            #[test]
            fn postgres() {
                $crate::run($crate::Backend::Postgres, |app| Box::pin(super::$story(app)));
            }
            #[test]
            fn mariadb() {
                $crate::run($crate::Backend::MariaDb, |app| Box::pin(super::$story(app)));
            }
        }
    )*};
}
