//! Scenario tests of `Prefer: validate-only`: the response is that of the committed request, and
//! nothing is stored. The contract tests check this for every operation.

mod audit;
mod effects;
mod secrets;
mod sign_in;

use serde_json::Value;
use taskhub_tests::{Answer, App, Call, Tenant};

async fn ask(call: Call<'_>) -> Answer {
    call.header("prefer", "validate-only").send().await
}

/// The credentials of a user that the audit reports as confirmed by dry runs, in order.
async fn found_out(app: &App, t: &Tenant, user: &str) -> Vec<Value> {
    let lines = app.get(&format!("/audit?action=asked&row={user}&sort=at")).by(&t.admin).gives(200).await;
    lines["results"].as_array().unwrap().iter().map(|line| line["new_values"]["what"].clone()).collect()
}
