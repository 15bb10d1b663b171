//! Within `/api/v1` changes are additive, and removals are announced: see `docs/api-versioning.md`.

mod breaking;
mod breaking_rules;
mod deprecation;

use serde_json::Value;

/// The OpenAPI document of the last release, which existing clients use.
const RELEASED: &str = include_str!("../../../openapi/released.json");

#[test]
fn released_api_has_no_breaking_change() {
    let released: Value = serde_json::from_str(RELEASED).unwrap();
    let breaks = breaking::changes(&released, &taskhub::openapi::build().unwrap());
    assert!(breaks.is_empty(), "this breaks clients (docs/api-versioning.md):\n{}", breaks.join("\n"));
}
