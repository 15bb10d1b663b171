//! All tests of the running server: the stories of each noun, and the walks over every operation.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails loudly")]

mod access_token;
mod audit;
mod auth;
mod cli;
mod concurrency;
mod conditional;
mod cors;
mod document;
mod idempotency;
mod input;
mod invitation;
mod keys;
mod kill;
mod limits;
mod list;
mod mail;
mod operator;
mod pages;
mod picture;
mod poll;
mod process;
mod project;
mod request;
mod same;
mod search;
mod secrets;
mod service_account;
mod smtp;
mod task;
mod team;
mod tenant;
mod user;
mod walks;
