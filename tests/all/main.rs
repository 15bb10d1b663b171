//! All tests of the running server: the stories of each noun, and the walks over every operation.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails loudly")]

mod auth;
mod concurrency;
mod operator;
mod pages;
mod poll;
mod task;
mod list;
mod conditional;
mod idempotency;
mod process;
mod kill;
