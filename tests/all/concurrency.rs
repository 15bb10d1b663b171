//! Concurrency: no write is lost or applied twice, and no rule can be evaded.

mod nodes;

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{Answer, App, PASSWORD, every_database};
use uuid::Uuid;

use crate::sql;

every_database!(
    concurrent_writers_lose_no_rows,
    one_of_two_updates_of_a_version_gets_412,
    concurrent_updates_of_different_fields_all_persist,
    concurrent_requests_with_one_idempotency_key_create_one_row,
    concurrent_refreshes_return_the_same_successor,
    concurrent_demotions_leave_one_admin,
    concurrent_deletions_leave_one_admin,
    mixed_concurrent_changes_leave_one_admin,
    rule_across_rows_writes_its_guard_row,
);

async fn concurrent_writers_lose_no_rows(app: &App) {
    const WRITERS: usize = 64;
    const EACH: usize = 4;
    let t = app.tenant().await;
    let writer = async |number: usize| {
        let mut made = Vec::new();
        for round in 0..EACH {
            let body = json!({ "title": format!("Writer {number}, task {round}") });
            made.push(app.post("/tasks").by(&t.member).json(&body).gives(201).await);
        }
        made
    };
    let made = join_all((0..WRITERS).map(writer)).await.concat();
    let ids: BTreeSet<_> = made.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), WRITERS * EACH);
    assert_eq!(every(app, &t.member.token, "/tasks").await, ids);
    let audit = rows(app, &t.admin.token, "/audit?noun=task").await;
    assert_eq!(audit.len(), ids.len());
    assert!(audit.iter().all(|line| line["action"] == "create" && line["actor_id"] == json!(t.member.id)));
    let audited: BTreeSet<_> = audit.iter().map(|line| line["row_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(audited, ids);
}

async fn one_of_two_updates_of_a_version_gets_412(app: &App) {
    let t = app.tenant().await;
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Contested" })).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    for version in 1..=25 {
        let change = async |number: i32| {
            let body = json!({ "title": format!("Change {number} of version {version}") });
            let call = app.patch(&path).by(&t.member).header("if-match", &format!("\"{version}\""));
            call.json(&body).send().await
        };
        let (a, b) = futures::join!(change(1), change(2));
        let (won, lost) = if a.status == 200 { (a, b) } else { (b, a) };
        let won = won.expect(200);
        assert_eq!(lost.expect(412).code(), "stale");
        assert_eq!(won.header("etag"), format!("\"{}\"", version + 1));
        assert_eq!(app.get(&path).by(&t.member).gives(200).await, won.body);
    }
}

async fn concurrent_updates_of_different_fields_all_persist(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Before" })).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let fields = [
        ("title", json!("After")),
        ("description", json!("In short")),
        ("project_id", project["id"].clone()),
        ("assignee_id", json!(t.other.id)),
        ("status", json!("in_progress")),
        ("priority", json!("urgent")),
        ("start_at", json!("2027-01-01T00:00:00.000000Z")),
        ("due_at", json!("2027-01-02T00:00:00.000000Z")),
        ("estimate_minutes", json!(90)),
    ];
    // Some fields are set twice, so that there are twenty updates. Setting the same value again is
    // a no-op.
    let twenty = fields.iter().cycle().take(20).enumerate();
    let changes = twenty.map(|(number, (name, value))| {
        let caller = if number % 2 == 0 { &t.member } else { &t.admin };
        app.patch(&path).by(caller).json(&json!({ *name: value })).gives(200)
    });
    let _ = join_all(changes).await;
    let after = app.get(&path).by(&t.member).gives(200).await;
    for (name, value) in &fields {
        assert_eq!(after[*name], *value, "{name}");
    }
    assert_eq!(after["version"], 1 + fields.len());
    let audit = rows(app, &t.admin.token, &format!("/audit?row={}", task["id"].as_str().unwrap())).await;
    assert_eq!(audit.len(), 1 + fields.len());
}

async fn concurrent_requests_with_one_idempotency_key_create_one_row(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Once" });
    let send = || app.post("/tasks").by(&t.member).header("idempotency-key", "one").json(&body).send();
    let answers = join_all((0..20).map(|_| send())).await;
    let mut made = BTreeSet::new();
    for answer in answers {
        if answer.status == 409 {
            assert_eq!(answer.code(), "idempotency_in_flight");
            assert!(!answer.header("retry-after").is_empty());
        } else {
            made.insert(answer.expect(201).body["id"].to_string());
        }
    }
    let again = send().await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    made.insert(again.body["id"].to_string());
    assert_eq!(made.len(), 1);
    assert_eq!(app.get("/tasks").by(&t.member).gives(200).await["count"], 1);
    assert_eq!(app.get("/audit?noun=task").by(&t.admin).gives(200).await["count"], 1);
}

async fn concurrent_refreshes_return_the_same_successor(app: &App) {
    let t = app.tenant().await;
    let (_, mut token) = t.member.sign_in(app).await;
    for _ in 0..10 {
        let refresh = async || {
            let body = json!({ "refresh_token": token });
            let pair = app.post("/auth/token/refresh").json(&body).gives(200).await;
            let _ = app.get("/tasks").token(pair["access_token"].as_str().unwrap()).gives(200).await;
            pair["refresh_token"].as_str().unwrap().to_owned()
        };
        let (a, b) = futures::join!(refresh(), refresh());
        assert_eq!(a, b);
        assert_ne!(a, token);
        token = a;
    }
}

/// A token of a service account with every scope. With fewer scopes it could not create admins.
fn everything(app: &App, t: &taskhub_tests::Tenant) -> String {
    let all = taskhub_domain::scopes::all();
    t.service(app, &all.iter().map(String::as_str).collect::<Vec<_>>())
}

async fn concurrent_demotions_leave_one_admin(app: &App) {
    let t = app.tenant().await;
    // A service account may do what admins may, and demoting an admin does not revoke its token.
    let service = everything(app, &t);
    let change = async |id: Uuid, body: &Value| {
        app.patch(&format!("/users/{id}")).token(&service).json(body).send().await
    };
    for round in 0..16 {
        let _ = change(t.manager.id, &json!({ "role": "admin" })).await.expect(200);
        let out = if round % 2 == 0 { json!({ "role": "member" }) } else { json!({ "is_active": false }) };
        let (a, b) = futures::join!(change(t.admin.id, &out), change(t.manager.id, &out));
        one_goes(&a, &b);
        let admins = app.get("/users?role=admin&is_active=true").token(&service).gives(200).await;
        assert_eq!(admins["count"], 1);
        let _ = change(t.admin.id, &json!({ "role": "admin", "is_active": true })).await.expect(200);
        let _ = change(t.manager.id, &json!({ "role": "manager", "is_active": true })).await.expect(200);
    }
    // Two admins demote each other. The faster one revokes the token of the other.
    let _ = change(t.manager.id, &json!({ "role": "admin" })).await.expect(200);
    app.clock.advance(Duration::from_secs(1));
    let (first, second) = (t.admin.sign_in(app).await.0, t.manager.sign_in(app).await.0);
    let down = json!({ "role": "member" });
    let demote = async |token: &str, id: Uuid| {
        app.patch(&format!("/users/{id}")).token(token).json(&down).send().await.status
    };
    let (a, b) = futures::join!(demote(&first, t.manager.id), demote(&second, t.admin.id));
    assert!(
        [a, b].contains(&200) && [a, b].iter().all(|status| [200, 401, 403, 409].contains(status)),
        "{a} {b}"
    );
    let admins = app.get("/users?role=admin&is_active=true").token(&service).gives(200).await;
    assert_eq!(admins["count"], 1);
}

async fn concurrent_deletions_leave_one_admin(app: &App) {
    let t = app.tenant().await;
    let service = everything(app, &t);
    let admin = async |name: &str| {
        let body = json!({ "email": format!("{name}@{}.example", t.slug), "username": name, "password": PASSWORD, "role": "admin" });
        let made = app.post("/users").token(&service).json(&body).gives(201).await;
        made["id"].as_str().unwrap().to_owned()
    };
    let remove = |id: &str| app.delete(&format!("/users/{id}")).token(&service).send();
    let first = admin("first").await;
    let _ = app.delete(&format!("/users/{}", t.admin.id)).token(&service).gives(204).await;
    let (mut left, number) = (first, 8);
    for round in 0..number {
        let next = admin(&format!("next-{round}")).await;
        let (a, b) = futures::join!(remove(&left), remove(&next));
        one_goes(&a, &b);
        if a.status == 204 {
            left = next;
        }
    }
    assert_eq!(remove(&left).await.expect(409).code(), "last_admin");
}

async fn mixed_concurrent_changes_leave_one_admin(app: &App) {
    let t = app.tenant().await;
    let service = everything(app, &t);
    let admins = "/users?role=admin&is_active=true";
    for round in 0..8 {
        let mut all: Vec<String> = rows(app, &service, admins)
            .await
            .iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(all.len(), 1);
        for number in 0..3 {
            let name = format!("admin-{round}-{number}");
            let body = json!({ "email": format!("{name}@{}.example", t.slug), "username": name, "password": PASSWORD, "role": "admin" });
            let made = app.post("/users").token(&service).json(&body).gives(201).await;
            all.push(made["id"].as_str().unwrap().to_owned());
        }
        all.rotate_left(round % 4);
        let path = |number: usize| format!("/users/{}", all[number]);
        let out = json!({ "is_active": false });
        let down = json!({ "role": "member" });
        let answers = futures::join!(
            app.post(&format!("{}/deactivate", path(0))).token(&service).send(),
            app.delete(&path(1)).token(&service).send(),
            app.patch(&path(2)).token(&service).json(&down).send(),
            app.patch(&path(3)).token(&service).json(&out).send(),
        );
        let answers = [answers.0, answers.1, answers.2, answers.3];
        let kept: Vec<_> = answers.iter().filter(|answer| answer.status >= 300).collect();
        let [kept] = kept.as_slice() else { panic!("not one was kept: {answers:?}") };
        assert_eq!((kept.status, kept.code()), (409, "last_admin"), "{}", kept.text);
    }
}

/// Fails unless one request succeeded and the other got 409 `last_admin`.
fn one_goes(a: &Answer, b: &Answer) {
    let (gone, kept) = if a.status < 300 { (a, b) } else { (b, a) };
    assert!(gone.status < 300, "{}", gone.text);
    assert_eq!((kept.status, kept.code()), (409, "last_admin"));
}

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

/// The ids of all rows of a list.
async fn every(app: &App, token: &str, path: &str) -> BTreeSet<String> {
    let rows = rows(app, token, path).await;
    let ids: BTreeSet<_> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), rows.len());
    ids
}

/// In a Galera cluster a row lock is only valid on its own node. So a transaction also writes the
/// row that it depends on, and two nodes collide there.
async fn rule_across_rows_writes_its_guard_row(app: &App) {
    let t = app.tenant().await;
    let tenant = format!("tenant WHERE slug = '{}'", t.slug);
    let name = format!("Plans of {}", t.slug);
    let project = format!("project WHERE name = '{name}'");
    let post =
        async |path: &str, body: Value, status| app.post(path).by(&t.admin).json(&body).gives(status).await;
    let id = post("/projects", json!({ "name": name }), 201).await["id"].clone();
    let mut tasks = Vec::new();
    for title in ["One", "Other"] {
        let task = post("/tasks", json!({ "title": title, "project_id": id }), 201).await;
        tasks.push(task["id"].as_str().unwrap().to_owned());
    }
    let [one, other] = [0, 1].map(|number: usize| format!("/tasks/{}", tasks[number]));
    let member = format!("/users/{}", t.member.id);
    let written = async |row: &str| sql::number(app, &format!("SELECT guard FROM {row}")).await.unwrap();
    let calls = [
        (&tenant, "PATCH", member, json!({ "is_active": false }), 200),
        (&tenant, "POST", format!("{one}/dependencies"), json!({ "blocker_id": tasks[1] }), 201),
        (&tenant, "PATCH", other.clone(), json!({ "parent_id": tasks[0] }), 200),
        (&project, "POST", format!("{other}/move"), json!({ "side": "before", "beside_id": tasks[0] }), 200),
    ];
    for (row, method, path, body, status) in calls {
        let before = written(row).await;
        let _ = app.call(method, &path).by(&t.admin).json(&body).gives(status).await;
        assert!(written(row).await > before, "{method} {path} does not write {row}");
    }
}
