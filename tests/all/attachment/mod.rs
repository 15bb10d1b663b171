//! Scenario tests of attachments: bytes come back unchanged, only to callers with access, and are
//! deleted permanently.

mod access;
mod blobs;
mod invalid;
mod sending;
mod setting;
mod stream;
mod upload;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use taskhub_domain::{
    context::Request,
    tenant::{self, Quota},
};
use taskhub_tests::{Answer, App, Tenant, User};

const OCTETS: &str = "application/octet-stream";

async fn task(app: &App, by: &User, project: Option<&str>) -> String {
    let body = json!({ "title": "Draw it", "project_id": project });
    text(&app.post("/tasks").by(by).json(&body).gives(201).await["id"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn attach(app: &App, by: &User, task: &str, name: &str, octets: impl Into<reqwest::Body>) -> Answer {
    app.post(&format!("/tasks/{task}/attachments?name={name}")).by(by).body(OCTETS, octets).send().await
}

fn digest(octets: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(taskhub_auth::secret::sha256(octets)))
}

async fn sweep(app: &App) {
    let repository = &app.state.repository;
    repository
        .sweep_files(&repository.system("a test", Request::default()), &app.state.blob_store)
        .await
        .unwrap();
}

async fn is_kept(app: &App, t: &Tenant, id: &str) -> bool {
    app.state.blob_store.has(t.id, id.parse().unwrap()).await.unwrap()
}

async fn set_quota(app: &App, t: &Tenant, bytes: i64, files: i64) {
    let repository = &app.state.repository;
    let ctx = repository.system("a test", Request::default()).within(t.id);
    let write =
        repository.write(&ctx, Quota { bytes, files }, |tx, quota| Box::pin(tenant::set_quota(tx, quota)));
    let _ = write.await.unwrap();
}
