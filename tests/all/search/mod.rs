//! Scenario tests of search: the same results on every database, and only rows that the caller can
//! list.

mod existing;
mod filters;
mod index;
mod results;
mod visible;
mod words;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User};

/// Creates a row. Returns its id and path.
async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// A path with the words as `q`, and more parameters.
fn asking(path: &str, words: &str, more: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost", [("q", words)]).unwrap();
    format!("{path}?{}{more}", url.query().unwrap())
}

async fn search(app: &App, by: &User, words: &str, more: &str) -> Vec<Value> {
    let found = app.get(&asking("/search", words, more)).by(by).gives(200).await;
    found["results"].as_array().unwrap().clone()
}

/// The titles of the results, without marks.
async fn titles(app: &App, by: &User, words: &str) -> Vec<String> {
    let plain = |row: &Value| row["title"].as_str().unwrap().replace("<mark>", "").replace("</mark>", "");
    search(app, by, words, "").await.iter().map(plain).collect()
}

/// The titles of a list of tasks.
async fn tasks(app: &App, by: &User, words: &str, more: &str) -> String {
    let page = app.get(&asking("/tasks", words, &format!("&sort=title{more}"))).by(by).gives(200).await;
    let titles = page["results"].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap());
    titles.collect::<Vec<_>>().join(" ")
}

/// A project with a task, and rows of the same name elsewhere.
async fn alike(app: &App, t: &Tenant) -> Value {
    let (project, _) = make(app, &t.manager, "/projects", json!({ "name": "Moss" })).await;
    let _ = make(app, &t.member, "/tasks", json!({ "title": "Moss", "project_id": project })).await;
    let _ = make(app, &t.member, "/documents", json!({ "title": "Moss", "project_id": project })).await;
    let (elsewhere, _) = make(app, &t.manager, "/projects", json!({ "name": "Moss too" })).await;
    let _ = make(app, &t.member, "/tasks", json!({ "title": "Moss too", "project_id": elsewhere })).await;
    let (client, _) = make(app, &t.manager, "/clients", json!({ "name": "Bakery" })).await;
    let (kind, _) = make(app, &t.manager, "/request-types", json!({ "name": "Repair" })).await;
    let request = json!({ "client_id": client, "type_id": kind, "title": "Moss" });
    let _ = make(app, &t.member, "/requests", request).await;
    project
}

fn nouns(found: &[Value]) -> Vec<&str> {
    let mut nouns: Vec<_> = found.iter().map(|row| row["noun"].as_str().unwrap()).collect();
    nouns.sort_unstable();
    nouns
}
