//! Within `/api/v1` the API only grows, and what is going to be removed says so: see `docs/api-versioning.md`.

mod breaking;
mod breaking_rules;
mod deprecation;

use serde_json::Value;

/// The document as it was last released: who calls the API goes by it.
const RELEASED: &str = include_str!("../../openapi/released.json");

#[test]
fn nothing_that_was_released_is_broken() {
    let released: Value = serde_json::from_str(RELEASED).unwrap();
    let breaks = breaking::changes(&released, &taskhub::openapi::build().unwrap());
    assert!(breaks.is_empty(), "this breaks clients (docs/api-versioning.md):\n{}", breaks.join("\n"));
}
