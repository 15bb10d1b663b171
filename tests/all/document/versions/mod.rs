//! Scenario tests of the content of a document and its versions.

mod access;
mod files;
mod invalid;
mod saved;

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, Tenant, User};

const FILE: &str = "application/octet-stream";
const TEXT: &str = "text/markdown";

/// A document of the member in a project of the manager.
async fn document(app: &App, t: &Tenant, content: &str) -> String {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let body = json!({ "title": "Minutes", "project_id": project["id"], "content": content });
    let made = app.post("/documents").by(&t.member).json(&body).gives(201).await;
    format!("/documents/{}", made["id"].as_str().unwrap())
}

/// The versions, oldest first.
async fn versions(app: &App, by: &User, document: &str) -> Vec<Value> {
    let list = app.get(&format!("{document}/versions?sort=number")).by(by).gives(200).await;
    list["results"].as_array().unwrap().clone()
}

fn path(document: &str, version: &Value) -> String {
    format!("{document}/versions/{}", version["id"].as_str().unwrap())
}

async fn put(app: &App, by: &User, document: &str, kind: &str, octets: &str) -> Answer {
    app.put(&format!("{document}/content")).by(by).body(kind, octets.to_owned()).send().await
}
