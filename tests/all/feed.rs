//! Scenario tests of the change feed: it delivers every change visible to the caller, once, in
//! commit order, and in real time.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_domain::context::Request;
use taskhub_tests::{App, Backend, Tenant, User, every_database};
use tokio::time::timeout;

use crate::poll::until;

every_database!(
    changes_are_listed_in_order,
    changes_are_filtered_by_current_visibility,
    deletion_is_listed_for_users_who_saw_the_row,
    service_token_lists_changes_within_its_scopes,
    private_changes_are_hidden_from_other_users,
    reader_misses_no_concurrent_commit,
    changes_of_one_transaction_have_no_gap,
    stream_delivers_changes_on_every_node,
    stream_resumes_after_the_last_event_id,
    stream_ends_when_its_token_is_revoked,
    number_of_streams_is_limited,
    cursor_of_another_tenant_is_refused,
);

#[test]
fn expired_cursor_is_refused_instead_of_skipping_changes() {
    // This test has its own database, because expiry concerns all tenants of a database.
    taskhub_tests::run(Backend::Sqlite, |app| Box::pin(old_changes_are_forgotten(app)));
}

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

/// The names of the changes since the cursor, for some resource types.
async fn told(app: &App, by: &User, cursor: &str) -> Vec<String> {
    let nouns = "&noun=task,project,comment,team,label";
    let (changes, _) = since(app, &by.token, cursor, nouns).await;
    changes.iter().map(name).collect()
}

pub(crate) fn name(change: &Value) -> String {
    let text = |field: &str| change[field].as_str().unwrap();
    format!("{}.{} {}", text("noun"), text("action"), change["version"])
}

async fn changes_are_listed_in_order(app: &App) {
    let t = app.tenant().await;
    let begin = now(app, &t.member).await;
    let (id, task) = make(app, &t.member, "/tasks", json!({ "title": "One" })).await;
    let _ = app.patch(&task).by(&t.member).json(&json!({ "title": "Two" })).gives(200).await;
    let _ = app.post(&format!("{task}/complete")).by(&t.member).gives(200).await;
    // A no-op update and a failed request cause no change.
    let _ = app.patch(&task).by(&t.member).json(&json!({ "title": "Two" })).gives(200).await;
    let _ = app.patch(&task).by(&t.member).json(&json!({ "title": "" })).gives(422).await;
    let (whole, end) = since(app, &t.member.token, &begin, "&noun=task").await;
    let names: Vec<_> = whole.iter().map(name).collect();
    assert_eq!(names, ["task.create 1", "task.update 2", "task.complete 3"]);
    assert!(whole.iter().all(|change| change["id"] == id));
    // Pages of one change give the same list, and every change has the cursor that follows it.
    let (by_one, _) = since(app, &t.member.token, &begin, "&noun=task&page_size=1").await;
    assert_eq!(by_one, whole);
    let middle = whole[0]["cursor"].as_str().unwrap();
    assert_eq!(since(app, &t.member.token, middle, "&noun=task").await.0, whole[1..]);
    assert_eq!(since(app, &t.member.token, &end, "").await.0, Vec::<Value>::new());
    // The oldest change is the creation of the tenant.
    let (all, _) = since(app, &t.admin.token, "oldest", "").await;
    assert_eq!(name(&all[0]), "tenant.create 1");
    assert!(all.ends_with(&since(app, &t.admin.token, &begin, "").await.0));
    for wrong in ["page_size=0", "page_size=201", "noun=tasks", "noun=report", "since=", "since=a&since=b"] {
        let refused = app.get(&format!("/changes?{wrong}")).by(&t.member).send().await.expect(400);
        assert_eq!(refused.code(), "invalid_parameter");
    }
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

async fn changes_are_filtered_by_current_visibility(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let (begin, elsewhere) = (now(app, &t.admin).await, now(app, &u.admin).await);
    let (_, task) = team(app, &t).await;
    let _ = make(app, &t.member, &format!("{task}/comments"), json!({ "body": "Blue?" })).await;
    let all = ["team.create 1", "project.create 1", "task.create 1", "comment.create 1"];
    for user in [&t.admin, &t.manager, &t.member] {
        assert_eq!(told(app, user, &begin).await, all);
    }
    assert!(told(app, &t.other, &begin).await.is_empty());
    // Current visibility counts: a new member sees earlier changes.
    let teams = app.get("/teams").by(&t.admin).gives(200).await;
    let members = format!("/teams/{}/members", teams["results"][0]["id"].as_str().unwrap());
    let (_, joined) = make(app, &t.admin, &members, json!({ "user_id": t.other.id })).await;
    assert_eq!(told(app, &t.other, &begin).await, all);
    let _ = app.delete(&joined).by(&t.admin).gives(204).await;
    assert!(told(app, &t.other, &begin).await.is_empty());
    // Changes of a row in the trash are listed for users who see it there.
    let _ = app.delete(&task).by(&t.manager).gives(204).await;
    let trashed = ["team.create 1", "project.create 1", "task.create 1", "task.delete 2"];
    assert_eq!(told(app, &t.member, &begin).await, trashed);
    assert!(told(app, &t.other, &begin).await.is_empty());
    assert!(told(app, &u.admin, &elsewhere).await.is_empty());
}

async fn deletion_is_listed_for_users_who_saw_the_row(app: &App) {
    let t = app.tenant().await;
    let (project, task) = team(app, &t).await;
    let (_, comment) = make(app, &t.member, &format!("{task}/comments"), json!({ "body": "Blue?" })).await;
    let (_, own) = make(app, &t.member, "/tasks", json!({ "title": "Own" })).await;
    let begin = now(app, &t.admin).await;
    let _ = app.delete(&comment).by(&t.member).gives(204).await;
    for user in [&t.admin, &t.manager, &t.member] {
        assert_eq!(told(app, user, &begin).await, ["comment.delete 1"]);
    }
    assert!(told(app, &t.other, &begin).await.is_empty());
    for task in [&task, &own] {
        let _ = app.delete(task).by(&t.admin).gives(204).await;
        let purge = format!("/tasks/deleted/{}", task.rsplit('/').next().unwrap());
        let _ = app.delete(&purge).by(&t.admin).gives(204).await;
    }
    // Of a permanently deleted row only the deletion is listed. The task of the comment is deleted,
    // too, so only admins still see the deletion of the comment.
    let purged = ["task.purge 2", "task.purge 2"];
    let all = ["comment.delete 1", "task.delete 2", "task.purge 2", "task.delete 2", "task.purge 2"];
    assert_eq!(told(app, &t.admin, &begin).await, all);
    assert_eq!(told(app, &t.manager, &begin).await, purged);
    assert_eq!(told(app, &t.member, &begin).await, purged);
    assert!(told(app, &t.other, &begin).await.is_empty());
    let _ = app.delete(&project).by(&t.admin).gives(204).await;
    let ended = ["task.purge 2", "project.delete 1"];
    assert_eq!(told(app, &t.member, &begin).await, ended);
    assert!(told(app, &t.other, &begin).await.is_empty());
}

async fn service_token_lists_changes_within_its_scopes(app: &App) {
    let t = app.tenant().await;
    let begin = now(app, &t.admin).await;
    let _ = make(app, &t.admin, "/tasks", json!({ "title": "One" })).await;
    let _ = make(app, &t.admin, "/labels", json!({ "name": "Urgent", "color": "#ff0000" })).await;
    let reads = async |scopes: &[&str]| {
        let (changes, _) = since(app, &t.service(app, scopes), &begin, "").await;
        changes.iter().map(|change| change["noun"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(reads(&["tasks:read"]).await, ["task"]);
    assert_eq!(reads(&["labels:read", "tasks:read", "tasks:write"]).await, ["task", "label"]);
    assert!(reads(&["tasks:write"]).await.is_empty());
    // Naming a resource type outside the scopes is refused.
    let service = t.service(app, &["labels:read"]);
    let refused = app.get("/changes?noun=task").token(&service).send().await.expect(403);
    assert_eq!(refused.code(), "insufficient_scope");
}

async fn private_changes_are_hidden_from_other_users(app: &App) {
    let t = app.tenant().await;
    let begin = now(app, &t.admin).await;
    let _ = t.member.sign_in(app).await;
    let users = async |by: &User| {
        let (changes, _) = since(app, &by.token, &begin, "&noun=user,session").await;
        changes.iter().map(|it| name(it).split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = users(&t.admin).await;
    assert!(
        all.contains(&"user.sign_in".to_owned()) && all.contains(&"session.create".to_owned()),
        "{all:?}"
    );
    assert_eq!(users(&t.member).await, all);
    // Other users see only that the row has a new version.
    assert!(users(&t.other).await.iter().all(|name| name == "user.update"));
}

const WRITERS: usize = 12;
const EACH: usize = 8;

/// Writers on two nodes, with a concurrent reader.
async fn reader_misses_no_concurrent_commit(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let second = app.second(&[]).await;
    let mut cursor = now(app, &t.admin).await;
    let write = async |number: usize| {
        let tenant = if number.is_multiple_of(4) { &u } else { &t };
        let node = if number.is_multiple_of(2) { app } else { &second };
        for _ in 0..EACH {
            let (_, task) = make(node, &tenant.member, "/tasks", json!({ "title": "A task" })).await;
            let _ =
                node.patch(&task).by(&tenant.member).json(&json!({ "title": "Another" })).gives(200).await;
        }
    };
    let expected = WRITERS * 3 / 4 * EACH * 2;
    let read = async {
        let mut all = Vec::new();
        let mut node = [app, &second].into_iter().cycle();
        while all.len() < expected {
            let path = format!("/changes?noun=task&page_size=7&since={cursor}");
            let page = node.next().unwrap().get(&path).by(&t.admin).gives(200).await;
            all.extend(page["results"].as_array().unwrap().iter().cloned());
            page["next"].as_str().unwrap().clone_into(&mut cursor);
        }
        all
    };
    let (_, read) = futures::join!(join_all((0..WRITERS).map(write)), timeout(Duration::from_mins(2), read));
    let read = read.unwrap();
    assert_eq!(read.len(), expected);
    let mut versions = BTreeMap::<&str, Vec<i64>>::new();
    for change in &read {
        versions.entry(change["id"].as_str().unwrap()).or_default().push(change["version"].as_i64().unwrap());
    }
    assert_eq!(versions.len(), expected / 2);
    assert!(versions.values().all(|versions| *versions == [1, 2]));
    assert!(since(app, &t.admin.token, &cursor, "&noun=task").await.0.is_empty());
    second.finish().await;
}

async fn changes_of_one_transaction_have_no_gap(app: &App) {
    let t = app.tenant().await;
    let (id, project) = make(app, &t.manager, "/projects", json!({ "name": "Brand" })).await;
    let begin = now(app, &t.admin).await;
    let mut create = Vec::new();
    for number in 0..40 {
        create.push(json!({ "title": format!("Task {number}"), "project_id": id }));
    }
    for task in create {
        let _ = make(app, &t.manager, "/tasks", task).await;
    }
    // Removes the project and its tasks in one transaction.
    let _ = app.delete(&project).by(&t.manager).send().await;
    let (changes, _) = since(app, &t.admin.token, &begin, "&page_size=200").await;
    let audit = app.get("/audit?page_size=200&sort=at").by(&t.admin).gives(200).await;
    let done = audit["results"].as_array().unwrap();
    let ids = |rows: &[Value], id: &str| {
        let mut ids: Vec<_> = rows.iter().map(|row| format!("{} {}", row[id], row["action"])).collect();
        ids.sort();
        ids
    };
    let since: Vec<_> = done.iter().skip(done.len() - changes.len()).cloned().collect();
    assert!(changes.len() >= 40);
    assert_eq!(ids(&changes, "id"), ids(&since, "row_id"));
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

async fn stream_delivers_changes_on_every_node(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let second = app.second(&["--heartbeat-seconds", "1"]).await;
    let mut own = Stream::open(app, &t.member, "/events?noun=task", None).await;
    let mut elsewhere = Stream::open(&second, &t.member, "/events?noun=task,label", None).await;
    let heartbeat = elsewhere.part().await.unwrap();
    assert!(heartbeat.starts_with(": \nid: "), "{heartbeat}");
    let _ = make(app, &u.member, "/tasks", json!({ "title": "Not theirs" })).await;
    let (id, task) = make(app, &t.member, "/tasks", json!({ "title": "One" })).await;
    let _ = app.post(&format!("{task}/complete")).by(&t.member).gives(200).await;
    for stream in [&mut own, &mut elsewhere] {
        let (cursor, event, data) = stream.next().await;
        assert_eq!((event.as_str(), &data["cursor"], &data["id"]), ("task.create", &json!(cursor), &id));
        assert_eq!(stream.next().await.1, "task.complete");
    }
    // HEAD ends after the headers, and errors are reported before the stream begins.
    let head = app.call("HEAD", "/events").by(&t.member).send().await.expect(200);
    assert_eq!((head.header("content-type"), head.text.as_str()), ("text/event-stream", ""));
    let wrong = app.get("/events").by(&t.member).header("last-event-id", "x").send().await.expect(400);
    assert_eq!(wrong.code(), "invalid_header");
    let _ = app.get("/events?since=x").by(&t.member).gives(400).await;
    let _ = app.get("/events").gives(401).await;
    drop((own, elsewhere));
    second.finish().await;
}

async fn stream_resumes_after_the_last_event_id(app: &App) {
    let t = app.tenant().await;
    let mut stream = Stream::open(app, &t.member, "/events?noun=task", None).await;
    let (_, task) = make(app, &t.member, "/tasks", json!({ "title": "One" })).await;
    let (last, ..) = stream.next().await;
    drop(stream);
    for title in ["Two", "Three"] {
        let _ = app.patch(&task).by(&t.member).json(&json!({ "title": title })).gives(200).await;
    }
    let mut stream = Stream::open(app, &t.member, "/events?noun=task&since=oldest", Some(&last)).await;
    assert_eq!(stream.next().await.2["version"], 2);
    assert_eq!(stream.next().await.2["version"], 3);
    // The list and the stream share their cursors.
    let (changes, _) = since(app, &t.member.token, &last, "&noun=task").await;
    assert_eq!(changes.len(), 2);
}

async fn stream_ends_when_its_token_is_revoked(app: &App) {
    let mut t = app.tenant().await;
    let second = app.second(&[]).await;
    // Deactivation, a changed role and signing out end the streams on this node and on another.
    for node in [app, &second] {
        t = t.renewed(app);
        let stream = Stream::open(node, &t.other, "/events", None).await;
        let bystander = Stream::open(node, &t.admin, "/events", None).await;
        let _ = app.post(&format!("/users/{}/deactivate", t.other.id)).by(&t.admin).gives(200).await;
        stream.ends().await;
        drop(bystander);
        let _ = app.post(&format!("/users/{}/reactivate", t.other.id)).by(&t.admin).gives(200).await;
        app.clock.advance(Duration::from_secs(2));
        second.clock.advance(Duration::from_secs(2));
        t = t.renewed(app);
        let stream = Stream::open(node, &t.other, "/events", None).await;
        let role = |role: &str| json!({ "role": role });
        let path = format!("/users/{}", t.other.id);
        let _ = app.patch(&path).by(&t.admin).json(&role("manager")).gives(200).await;
        stream.ends().await;
        let _ = app.patch(&path).by(&t.admin).json(&role("member")).gives(200).await;
        let (token, _) = t.member.sign_in(app).await;
        let signed_in = User { token, ..t.member.clone() };
        let stream = Stream::open(node, &signed_in, "/events", None).await;
        let _ = app.post("/auth/logout").by(&signed_in).gives(204).await;
        stream.ends().await;
        app.clock.advance(Duration::from_secs(2));
        second.clock.advance(Duration::from_secs(2));
    }
    second.finish().await;
}

async fn number_of_streams_is_limited(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let strict = app.second(&["--streams-each", "2", "--streams", "9", "--heartbeat-seconds", "1"]).await;
    let open = async |user: &User| Stream::open(&strict, user, "/events", None).await;
    let (first, second) = (open(&t.member).await, open(&t.member).await);
    let refused = strict.get("/events").by(&t.member).send().await.expect(429);
    assert_eq!((refused.code(), refused.header("retry-after")), ("rate_limited", "2"));
    // A tenant may use a third of all streams.
    let third = open(&t.other).await;
    let _ = strict.get("/events").by(&t.admin).gives(429).await;
    let elsewhere = open(&u.admin).await;
    // A closed stream frees its place.
    drop(first);
    until("room for another", async || strict.get("/events").by(&t.admin).send().await.status == 200).await;
    // Streams end when the server stops.
    strict.state.streams.end();
    second.ends().await;
    drop((third, elsewhere));
    strict.finish().await;
}

async fn cursor_of_another_tenant_is_refused(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let (own, garbage) = (now(app, &u.admin).await, "x".repeat(32));
    for path in ["/changes", "/events"] {
        let refused = async |cursor: &str| {
            let answer = app.get(&format!("{path}?since={cursor}")).by(&t.admin).send().await.expect(400);
            (answer.body["code"].clone(), answer.body["errors"].clone(), answer.body["detail"].clone())
        };
        assert_eq!(refused(&own).await, refused(&garbage).await);
    }
    // A cursor of another user of the same tenant is valid: it holds a position and no data.
    let theirs = now(app, &t.admin).await;
    let _ = app.get(&format!("/changes?since={theirs}")).by(&t.other).gives(200).await;
}

async fn old_changes_are_forgotten(app: &App) {
    let mut t = app.tenant().await;
    let begin = now(app, &t.admin).await;
    for number in 0..150 {
        let _ = make(app, &t.member, "/tasks", json!({ "title": format!("Old {number}") })).await;
    }
    let (changes, end) = since(app, &t.admin.token, &begin, "&noun=task").await;
    t.later(app, Duration::from_hours(24 * 20));
    let _ = make(app, &t.member, "/tasks", json!({ "title": "New" })).await;
    let system = app.state.repository.system("a test", Request::default());
    let kept = Duration::from_hours(24 * 30);
    app.state.repository.forget_events(&system, kept).await.unwrap();
    assert_eq!(since(app, &t.admin.token, &begin, "&noun=task").await.0.len(), changes.len() + 1);
    t.later(app, Duration::from_hours(24 * 11));
    app.state.repository.forget_events(&system, kept).await.unwrap();
    for path in [format!("/changes?since={begin}"), format!("/events?since={begin}")] {
        let gone = app.get(&path).by(&t.admin).send().await.expect(410);
        assert_eq!(gone.code(), "cursor_expired");
    }
    let middle = changes[70]["cursor"].as_str().unwrap();
    let _ = app.get(&format!("/changes?since={middle}")).by(&t.admin).gives(410).await;
    // Newer changes are kept, and `oldest` starts with them.
    for cursor in [end.as_str(), "oldest"] {
        let (kept, _) = since(app, &t.admin.token, cursor, "&noun=task").await;
        assert_eq!(kept.iter().map(name).collect::<Vec<_>>(), ["task.create 1"]);
    }
    t.later(app, Duration::from_hours(24 * 40));
    app.state.repository.forget_events(&system, kept).await.unwrap();
    let _ = app.get(&format!("/changes?since={end}")).by(&t.admin).gives(410).await;
    assert!(since(app, &t.admin.token, "oldest", "").await.0.is_empty());
    let last = now(app, &t.admin).await;
    let _ = make(app, &t.member, "/tasks", json!({ "title": "Newest" })).await;
    assert_eq!(since(app, &t.admin.token, &last, "&noun=task").await.0.len(), 1);
}
