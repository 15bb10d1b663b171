//! TaskHub's schema: one migration set for SQLite, PostgreSQL and MySQL or MariaDB.
//!
//! Invariant: every table of a tenant has the primary key `(tenant_id, id)`, and every reference between such tables is a
//! composite foreign key `(tenant_id, x_id)`, so that the database itself refuses a reference across tenants. The tables
//! without a tenant are few, and a test keeps their list. Instants are 64-bit microseconds since the Unix epoch.
//!
//! What differs between the databases is in [`dialect`], and nowhere else.

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
mod schema;

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::{Migration, MigrationStatus, MigratorTrait};

/// The migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
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
        ]
    }
}
