//! What people work on: teams, projects, tasks and all that belongs to them, clients, requests and
//! documents.
//!
//! This layer knows the kernel and identity. A resource knows those that it belongs to, and none
//! that belong to it.

pub mod attachment;
pub mod client;
pub mod comment;
pub mod document;
pub mod file;
pub mod label;
pub(crate) mod priority;
pub mod project;
pub mod reminder;
pub mod request;
pub mod task;
pub mod team;
pub mod time_entry;
pub mod watcher;
