//! Tests of the public interface of the crate: tokens, key sets and passwords.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test fails by panicking, and reads better with values than with references"
)]

mod forge;
mod keys;
mod keys_refused;
mod passwords;
mod rotation;
mod tokens;
mod tokens_refused;
