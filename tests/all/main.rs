//! All tests of the running server: the stories of each noun, and the walks over every operation.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails loudly")]

mod auth;
mod concurrency;
mod conditional;
mod idempotency;
mod kill;
mod list;
mod operator;
mod pages;
mod poll;
mod process;
mod task;
mod project;
mod document;
mod user;
mod tenant;
mod audit;
