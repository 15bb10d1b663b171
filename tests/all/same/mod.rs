//! Every database gives the same responses. One scenario is compared with a file of responses, in
//! which ids and times are masked.
//!
//! `TASKHUB_TEST_WRITE_SAME=1` writes the file again.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, every_database};

every_database!(every_database_gives_the_same_responses);

/// The responses of the scenario in order. Each id has a name by its first appearance.
#[derive(Default)]
struct Script {
    text: String,
    ids: Vec<String>,
}

impl Script {
    fn note(&mut self, answer: &Answer, app: &App, slug: &str) {
        let mut body = answer.body.clone();
        self.mask(&mut body, "");
        let call = self.names(answer.call.replace(slug, "SLUG"));
        let headers: Vec<_> = ["etag", "location", "idempotency-replayed", "allow"]
            .into_iter()
            .filter(|name| !answer.header(name).is_empty())
            .map(|name| format!("{name}: {}\n", self.names(answer.header(name).to_owned())))
            .collect();
        let body =
            serde_json::to_string_pretty(&body).unwrap().replace(slug, "SLUG").replace(&app.url, "URL");
        let lines = ["== ", &call, "\n", &answer.status.to_string(), "\n", &headers.concat(), &body, "\n\n"];
        self.text.extend(lines);
    }

    /// Replaces ids by names, and times and cursors by fixed words.
    fn mask(&mut self, value: &mut Value, name: &str) {
        match value {
            Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| self.mask(value, name)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask(item, name)),
            Value::String(text) if name.ends_with("_token") => *text = "TOKEN".into(),
            Value::String(text) if matches!(name, "instance" | "request_id") => *text = "REQUEST".into(),
            Value::String(text) if name == "address" => *text = "ADDRESS".into(),
            // The rank is derived from the id.
            Value::String(text) if name == "rank" => *text = "RANK".into(),
            Value::String(text) if name == "at" || (name.ends_with("_at") && !text.starts_with("2027")) => {
                *text = "TIME".into();
            }
            Value::String(text) => {
                if let Some((start, _)) = text.split_once("cursor=") {
                    *text = format!("{start}cursor=CURSOR");
                }
                if text.parse::<uuid::Uuid>().is_ok() && !self.ids.contains(text) {
                    self.ids.push(text.clone());
                }
                *text = self.names(std::mem::take(text));
            }
            _ => {}
        }
    }

    fn names(&self, text: String) -> String {
        let named = self.ids.iter().enumerate();
        named.fold(text, |text, (number, id)| text.replace(id, &format!("ID-{}", number + 1)))
    }
}

async fn every_database_gives_the_same_responses(app: &App) {
    let t = app.tenant().await;
    let mut script = Script::default();
    let (mut last, mut key) = (String::new(), 0);
    let mut say = async |user: &str, method: &str, path: String, body: Value| {
        let request = format!("{user} {method} {path} {body}");
        // A request that repeats the previous one uses the same idempotency key.
        key += usize::from(request != last);
        last = request;
        let user = t.users().into_iter().find(|(name, _)| *name == user).unwrap().1;
        let call = app.call(method, &path).by(user).header("idempotency-key", &key.to_string());
        let answer = if body.is_null() { call.send().await } else { call.json(&body).send().await };
        script.note(&answer, app, &t.slug);
        answer
    };
    let text = |answer: &Answer, name: &str| answer.body[name].as_str().unwrap_or_default().to_owned();
    let project = json!({ "name": "Ünïcode 😀", "description": "a\nb", "due_at": "2027-03-01T00:00:00Z", "priority": "urgent" });
    let project = text(&say("manager", "POST", "/projects".into(), project).await, "id");
    let mut tasks = Vec::new();
    for (user, title, priority, due) in [
        ("member", "Zebra", "low", json!("2027-01-02T00:00:00.000001Z")),
        ("other", "äpfel", "urgent", json!("2027-01-01T23:59:59.999999Z")),
        ("admin", "abc d", "high", json!(null)),
    ] {
        let body = json!({ "title": title, "priority": priority, "due_at": due, "project_id": project, "assignee_id": t.other.id });
        tasks.push(text(&say(user, "POST", "/tasks".into(), body).await, "id"));
        app.clock.advance(std::time::Duration::from_millis(1));
    }
    let task = format!("/tasks/{}", tasks[0]);
    let foreign = app.tenant().await.member.id;
    let recorded = "/audit?noun=task,project,document,tenant&action=create,update,complete,delete&sort=at";
    let steps = [
        ("member", "POST", "/tasks".to_owned(), json!({ "title": "Zebra" })),
        ("member", "POST", "/tasks".to_owned(), json!({ "title": "Zebra" })),
        (
            "member",
            "PATCH",
            task.clone(),
            json!({ "estimate_minutes": 90, "description": "It's \"quoted\" \\ % _ ' ;--" }),
        ),
        ("member", "PATCH", task.clone(), json!({ "assignee_id": foreign })),
        ("member", "PATCH", task.clone(), json!({ "title": "x", "status": "open" })),
        ("manager", "POST", format!("{task}/complete"), Value::Null),
        ("member", "DELETE", format!("/projects/{project}"), Value::Null),
        ("manager", "DELETE", format!("/projects/{project}"), Value::Null),
        ("member", "GET", "/tasks?sort=title".to_owned(), Value::Null),
        (
            "member",
            "GET",
            "/tasks?sort=-priority,due_at&fields=title,priority,due_at".to_owned(),
            Value::Null,
        ),
        ("member", "GET", "/tasks?cursor=&page_size=2&sort=-due_at".to_owned(), Value::Null),
        ("member", "GET", "/tasks?page=2&page_size=2&status=todo,done".to_owned(), Value::Null),
        (
            "member",
            "GET",
            "/tasks?due_at[lt]=2027-01-02T00:00:00.000001Z&assignee=none".to_owned(),
            Value::Null,
        ),
        ("member", "GET", "/tasks?due_at[lt]=nonsense".to_owned(), Value::Null),
        ("member", "GET", format!("/projects/{project}/statistics"), Value::Null),
        ("member", "GET", "/projects/statistics".to_owned(), Value::Null),
        (
            "member",
            "POST",
            "/documents".to_owned(),
            json!({ "title": "Notes", "project_id": project, "content": "é\u{301}\t|" }),
        ),
        ("member", "GET", "/documents".to_owned(), Value::Null),
        (
            "admin",
            "PATCH",
            format!("/users/{}", t.other.id),
            json!({ "date_of_birth": "1906-12-09", "username": "MEMBER" }),
        ),
        (
            "admin",
            "PATCH",
            format!("/users/{}", t.other.id),
            json!({ "date_of_birth": "1906-12-09", "phone": "1" }),
        ),
        ("admin", "DELETE", format!("/users/{}", t.member.id), Value::Null),
        ("admin", "PATCH", format!("/users/{}", t.admin.id), json!({ "role": "member" })),
        ("member", "GET", "/users?sort=username".to_owned(), Value::Null),
        ("member", "GET", "/users/active-count".to_owned(), Value::Null),
        ("admin", "PATCH", "/tenant".to_owned(), json!({ "name": "Älter", "require_if_match": true })),
        ("admin", "DELETE", task.clone(), Value::Null),
        ("member", "GET", "/audit".to_owned(), Value::Null),
        ("admin", "GET", recorded.to_owned(), Value::Null),
        ("admin", "PUT", "/audit".to_owned(), Value::Null),
    ];
    for (user, method, path, body) in steps {
        let _ = say(user, method, path, body).await;
    }
    compare(&script.text);
}

#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
fn compare(told: &str) {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/all/same/answers.txt"));
    if std::env::var("TASKHUB_TEST_WRITE_SAME").is_ok() {
        fs::write(&file, told).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let difference = kept.lines().zip(told.lines()).enumerate().find(|(_, (kept, told))| kept != told);
    assert!(kept == told, "the answers differ from {}, first at {difference:#?}", file.display());
}
