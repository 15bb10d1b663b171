//! Scenario tests of importing and exporting users: an import is atomic, and an export is complete.

mod export;
mod format;
mod import;
mod large;

use taskhub_tests::{Answer, App, Tenant};

async fn import(app: &App, t: &Tenant, query: &str, file: impl Into<String>) -> Answer {
    app.post(&format!("/users/import{query}"))
        .by(&t.admin)
        .body("text/csv; charset=utf-8", file.into())
        .send()
        .await
}
