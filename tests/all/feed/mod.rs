//! Scenario tests of the change feed: it delivers every change visible to the caller, once, in
//! commit order, and in real time.

mod concurrent;
mod order;
mod stream;
mod visible;

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User};
use tokio::time::timeout;

pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// The cursor of the latest change.
pub(crate) async fn now(app: &App, by: &User) -> String {
    let page = app.get("/changes").by(by).gives(200).await;
    assert_eq!((&page["results"], &page["more"]), (&json!([]), &json!(false)));
    page["next"].as_str().unwrap().to_owned()
}

/// All changes since the cursor, page by page, and the next cursor.
pub(crate) async fn since(app: &App, token: &str, cursor: &str, more: &str) -> (Vec<Value>, String) {
    let (mut all, mut cursor) = (Vec::new(), cursor.to_owned());
    loop {
        let page = app.get(&format!("/changes?since={cursor}{more}")).token(token).gives(200).await;
        all.extend(page["results"].as_array().unwrap().iter().cloned());
        page["next"].as_str().unwrap().clone_into(&mut cursor);
        if page["more"] == false {
            return (all, cursor);
        }
    }
}

pub(crate) fn name(change: &Value) -> String {
    let text = |field: &str| change[field].as_str().unwrap();
    format!("{}.{} {}", text("noun"), text("action"), change["version"])
}

/// A team of the manager with one member, a project and a task in it. Returns the paths of the
/// project and the task.
pub(crate) async fn team(app: &App, t: &Tenant) -> (String, String) {
    let body = json!({ "name": "Design", "manager_id": t.manager.id });
    let (id, team) = make(app, &t.admin, "/teams", body).await;
    let _ = make(app, &t.manager, &format!("{team}/members"), json!({ "user_id": t.member.id })).await;
    let body = json!({ "name": "Brand", "team_id": id });
    let (project_id, project) = make(app, &t.manager, "/projects", body).await;
    let (_, task) =
        make(app, &t.manager, "/tasks", json!({ "title": "Logo", "project_id": project_id })).await;
    (project, task)
}

/// An open stream of server-sent events.
pub(crate) struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    pub(crate) async fn open(app: &App, by: &User, path: &str, last: Option<&str>) -> Self {
        let call = app.get(path).by(by).header("accept-encoding", "gzip");
        let call = if let Some(last) = last { call.header("last-event-id", last) } else { call };
        let response = call.open().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(response.headers().get("content-encoding").is_none());
        let mut stream = Self { response, text: String::new() };
        let first = stream.part().await.unwrap();
        assert!(first.starts_with("retry: 2000\nid: "), "{first}");
        stream
    }

    /// The next block up to a blank line; `None` at the end of the stream.
    pub(crate) async fn part(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                return Some(self.text.drain(..end + 2).collect::<String>().trim_end().to_owned());
            }
            let chunk = timeout(SOON, self.response.chunk()).await.unwrap().unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next change: its id, its name and its data.
    pub(crate) async fn next(&mut self) -> (String, String, Value) {
        loop {
            let part = self.part().await.unwrap();
            let field = |name: &str| part.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let (Some(id), Some(event), Some(data)) = (field("id: "), field("event: "), field("data: ")) {
                return (id, event, serde_json::from_str(&data).unwrap());
            }
        }
    }

    pub(crate) async fn ends(mut self) {
        while self.part().await.is_some() {}
    }
}
