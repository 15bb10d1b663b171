//! All tests of the running server: the stories of each noun, and the walks over every operation.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails loudly")]

mod audit;
mod auth;
mod cli;
mod concurrency;
mod conditional;
mod cors;
mod document;
mod idempotency;
mod kill;
mod limits;
mod list;
mod operator;
mod pages;
mod poll;
mod process;
mod project;
mod same;
mod secrets;
mod task;
mod tenant;
mod user;
mod walks;
