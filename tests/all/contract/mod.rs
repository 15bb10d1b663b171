//! The contract tests: checks over every operation of the OpenAPI document.
//!
//! The document is the list of operations, and [`table`] has a valid request for each. An operation
//! without an entry in the table, or an entry without an operation, fails every contract test. So a
//! new endpoint is complete when it has an entry and the contract tests pass. Every response is
//! checked against the document and the common rules ([`response`]).
//!
//! `TASKHUB_REVIEW=1` writes the reviewed files (`roles.txt`, `openapi/`) instead of comparing
//! them.

mod bounds;
mod broken;
mod credentials;
pub(crate) mod database;
mod document;
mod fixture;
mod isolation;
mod keys;
mod links;
mod operation;
mod order;
mod parents;
mod protocol;
mod queries;
mod request;
mod response;
mod roles;
mod schema;
mod table;
mod tokens;
mod valid;

use std::{env, fs, path::Path};

/// Compares a reviewed file with its current content, or writes the file if a review was requested.
#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
pub(crate) fn reviewed(path: &str, present: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if env::var("TASKHUB_REVIEW").is_ok_and(|value| value == "1") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, present).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    for (line, (kept, present)) in kept.lines().zip(present.lines()).enumerate() {
        assert_eq!(
            kept,
            present,
            "{path}, line {}: review the change and write it with TASKHUB_REVIEW=1",
            line + 1
        );
    }
    assert!(
        kept == present,
        "{path} has another length: review the change and write it with TASKHUB_REVIEW=1"
    );
}
