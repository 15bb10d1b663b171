//! Migrating, seeding and wiping the database.

mod migrate;
mod seed;
mod wipe;
