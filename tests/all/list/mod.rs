//! Scenario tests of lists: both ways of paging, filters, sorting, sparse fields and cursors.

mod cursors;
mod filters;
mod order;
mod pages;

use serde_json::{Value, json};
use taskhub_tests::{App, User};

/// Creates tasks with these titles, in this order.
async fn tasks(app: &App, user: &User, titles: &[&str]) -> Vec<Value> {
    let mut made = Vec::new();
    for title in titles {
        made.push(app.post("/tasks").by(user).json(&json!({ "title": title })).gives(201).await);
    }
    made
}

/// One field of each row of a page.
fn each<'a>(page: &'a Value, field: &str) -> Vec<&'a str> {
    page["results"].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap_or("null")).collect()
}

/// The path of the next or previous page, from its URL.
fn neighbour(app: &App, page: &Value, name: &str) -> Option<String> {
    let url = page[name].as_str()?;
    Some(url.strip_prefix(&format!("{}/api/v1", app.url)).unwrap().to_owned())
}
