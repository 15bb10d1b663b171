//! What is made of the work of others: notifications, search, reports, aggregates, the change feed,
//! permissions, bulk operations, offboarding and backups.
//!
//! This layer knows all others.

pub mod aggregates;
pub mod backup;
pub mod bulk;
pub mod change_feed;
pub mod dashboard;
pub mod notification;
pub mod offboarding;
pub mod permission;
pub mod report;
pub(crate) mod resources;
pub mod search;
