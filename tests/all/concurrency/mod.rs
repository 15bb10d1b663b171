//! Concurrency: no write is lost or applied twice, and no rule can be evaded.

mod admins;
mod guard;
mod nodes;
mod repeated;
mod writers;

use serde_json::Value;
use taskhub_tests::App;

/// All rows of a list.
pub(crate) async fn rows(app: &App, token: &str, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let separator = if path.contains('?') { '&' } else { '?' };
    let mut next = format!("{path}{separator}cursor=&page_size=200");
    loop {
        let page = app.get(&next).token(token).gives(200).await;
        all.extend(page["results"].as_array().unwrap().clone());
        let Some(url) = page["next"].as_str() else { return all };
        next = url.split_once("/api/v1").unwrap().1.into();
    }
}
