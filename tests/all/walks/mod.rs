//! The walks: proofs over every operation of the OpenAPI document.
//!
//! The document is the list, and [`table`] says how each operation is called in earnest. An operation that the table lacks, or an entry that
//! the document lacks, fails every walk: a new endpoint is finished when it has its line in the table and the walks pass. Every answer that a
//! walk gets is held against the document and the contract of all answers ([`contract`]), whatever the walk is about.
//!
//! `TASKHUB_REVIEW=1` writes what is reviewed by people (`roles.txt`, `openapi/`) instead of comparing with it.

mod bodies;
mod bounds;
mod broken;
mod contract;
mod credentials;
pub(crate) mod database;
mod document;
mod fixture;
mod keys;
mod links;
mod operation;
mod order;
mod parents;
mod protocol;
mod queries;
mod request;
mod roles;
mod schema;
mod strangers;
mod table;
mod tokens;
mod valid;

use std::{env, fs, path::Path};

/// Holds a reviewed file against what it should be, or writes it when a review was asked for.
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
