//! Sets a `cfg` for each service that the tests may use, so that the tests of the others are ignored.
//!
//! `TASKHUB_TEST_REQUIRE_ALL` sets all of them: then the tests of a missing service fail.
//!
//! Cargo compiles the tests again when the value of a variable changes, even if no `cfg` does.
#![expect(clippy::disallowed_methods, reason = "the tests' own configuration")]

use std::env;

const REQUIRE_ALL: &str = "TASKHUB_TEST_REQUIRE_ALL";

/// The variables of the services, and their `cfg`.
const SERVICES: [(&str, &str); 4] = [
    ("TASKHUB_TEST_POSTGRES_URL", "postgres"),
    ("TASKHUB_TEST_MYSQL_URL", "mariadb"),
    ("TASKHUB_TEST_S3_URL", "bucket"),
    ("TASKHUB_TEST_BROWSER", "browser"),
];

fn main() {
    let all = is_set(REQUIRE_ALL);
    for (variable, cfg) in SERVICES {
        println!("cargo::rustc-check-cfg=cfg({cfg})");
        if is_set(variable) || all {
            println!("cargo::rustc-cfg={cfg}");
        }
    }
}

/// Whether a variable is set, and neither empty nor `0`.
fn is_set(variable: &str) -> bool {
    println!("cargo::rerun-if-env-changed={variable}");
    env::var(variable).is_ok_and(|value| !matches!(value.as_str(), "" | "0"))
}
