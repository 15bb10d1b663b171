//! The schema of TaskHub: one set of migrations for SQLite, PostgreSQL and MySQL or MariaDB.
//!
//! Invariant: every table of a tenant has the primary key `(tenant_id, id)`. Every reference
//! between such tables is a composite foreign key `(tenant_id, x_id)`, so that the database itself
//! rejects a reference across tenants. The tables without a tenant are few, and a test keeps their
//! list. Timestamps are 64-bit integers: microseconds since the Unix epoch.
//!
//! Differences between the databases are in [`dialect`], [`manager`] and [`migrator`], and one is in
//! [`m0011_feed`]. This crate must not know any type of the domain: a migration names the schema as
//! it was when it was written, and never changes after its release.
//!
//! The rule of upgrades: the previous version may run beside the new one as long as every migration
//! between them is additive. The end of its name says so ([`ADDITIVE`]). An additive migration adds
//! tables, indexes, and columns that may be null or have a default. It adds nothing that rejects
//! what the previous version writes.

mod dialect;
mod m0001_core;
mod m0002_identity;
mod m0003_teams;
mod m0004_requests;
mod m0005_projects;
mod m0006_tasks;
mod m0007_talk;
mod m0008_time;
mod m0009_files;
mod m0010_search;
mod m0011_feed;
mod m0012_sums;
mod m0013_dependencies;
mod m0014_names;
mod m0016_sight;
mod m0017_readiness;
mod m0018_key_fingerprint;
mod m0020_guards;
mod m0021_hours;
mod m0022_sign_in;
mod m0023_recurrence;
mod m0024_text_keys;
mod m0025_due_additive;
mod manager;
mod migrator;
mod schema;
#[cfg(test)]
mod tests;
pub mod text;

use self::manager::MigrationTrait;
pub use self::migrator::{ADDITIVE, Loss, Migrator, Progress, Standing};

/// The migrations, oldest first.
fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m0001_core::Migration),
        Box::new(m0002_identity::Migration),
        Box::new(m0003_teams::Migration),
        Box::new(m0004_requests::Migration),
        Box::new(m0005_projects::Migration),
        Box::new(m0006_tasks::Migration),
        Box::new(m0007_talk::Migration),
        Box::new(m0008_time::Migration),
        Box::new(m0009_files::Migration),
        Box::new(m0010_search::Migration),
        Box::new(m0011_feed::Migration),
        Box::new(m0012_sums::Migration),
        Box::new(m0013_dependencies::Migration),
        Box::new(m0014_names::Migration),
        Box::new(m0016_sight::Migration),
        Box::new(m0017_readiness::Migration),
        Box::new(m0018_key_fingerprint::Migration),
        Box::new(m0020_guards::Migration),
        Box::new(m0021_hours::Migration),
        Box::new(m0022_sign_in::Migration),
        Box::new(m0023_recurrence::Migration),
        Box::new(m0024_text_keys::Migration),
        Box::new(m0025_due_additive::Migration),
    ]
}
