//! Scenario tests of bulk changes of documents, requests and users. Each change follows the rules
//! of the single operation.

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{Answer, App, PASSWORD, Tenant, User, every_database};

every_database!(
    bulk_change_of_documents_keeps_their_versions,
    bulk_change_of_requests_skips_no_status,
    bulk_change_of_users_succeeds,
    bulk_change_of_users_is_atomic,
    bulk_change_of_users_requires_an_admin,
    one_bulk_request_cannot_remove_the_last_admin,
    concurrent_bulk_requests_cannot_remove_the_last_admin,
);

async fn send(app: &App, by: &User, noun: &str, operations: Value) -> Answer {
    app.post(&format!("/{noun}/bulk")).by(by).json(&json!({ "operations": operations })).send().await
}

/// The status, the code and the pointer to the first change that failed.
fn refused(answer: &Answer) -> (u16, &str, &str) {
    (answer.status, answer.code(), answer.pointer())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn new(t: &Tenant, name: &str, role: &str) -> Value {
    let body = json!({ "email": format!("{name}@{}.example", t.slug), "username": name, "password": PASSWORD, "role": role });
    json!({ "action": "create", "body": body })
}

async fn bulk_change_of_documents_keeps_their_versions(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let body = |title: &str| json!({ "title": title, "project_id": project["id"], "content": "One." });
    let make = async |title: &str| app.post("/documents").by(&t.member).json(&body(title)).gives(201).await;
    let (kept, gone) = (make("Kept").await, make("Gone").await);
    let update = |version: u8, content: &str| json!({ "action": "update", "id": kept["id"], "version": version, "body": { "content": content } });
    let operations = json!([
        { "action": "create", "body": body("New") }, update(1, "Two."), update(2, "Three."),
        { "action": "delete", "id": gone["id"], "version": 1 },
    ]);
    // Another member may create a document, but not change that of the author.
    let answer = send(app, &t.other, "documents", operations.clone()).await;
    assert_eq!(refused(&answer), (403, "forbidden", "/operations/1"));
    assert_eq!(app.get("/documents").by(&t.other).gives(200).await["count"], 2);
    let body = json!({ "operations": operations });
    let call = || app.post("/documents/bulk").by(&t.member).header("idempotency-key", "once").json(&body);
    let done = call().gives(200).await;
    assert_eq!(done["results"][0]["row"]["author_id"], json!(t.member.id));
    assert_eq!(
        (&done["results"][2]["row"]["version"], &done["results"][3]["row"]),
        (&json!(3), &Value::Null)
    );
    assert_eq!(call().gives(200).await, done);
    let versions = format!("/documents/{}/versions", text(&kept["id"]));
    assert_eq!(app.get(&versions).by(&t.member).gives(200).await["count"], 3);
    assert_eq!(app.get("/documents").by(&t.member).gives(200).await["count"], 2);
    let stale = send(app, &t.member, "documents", json!([update(3, "Four."), update(3, "Five.")])).await;
    assert_eq!(refused(&stale), (412, "stale", "/operations/1"));
    let path = format!("/documents/{}", text(&kept["id"]));
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["content"], "Three.");
}

async fn bulk_change_of_requests_skips_no_status(app: &App) {
    let t = app.tenant().await;
    let named = async |path: &str| {
        app.post(path).by(&t.manager).json(&json!({ "name": "Bakery" })).gives(201).await["id"].clone()
    };
    let (client, kind) = (named("/clients").await, named("/request-types").await);
    let create = json!({ "action": "create", "body": { "client_id": client, "type_id": kind, "title": "The oven is cold" } });
    let made = send(app, &t.member, "requests", json!([create, create])).await.expect(200).body;
    let [first, second] = [0, 1].map(|place| made["results"][place]["id"].clone());
    assert_eq!(made["results"][0]["row"]["status"], "pending");
    let update = |body: Value| json!({ "action": "update", "id": first, "body": body });
    let assign = update(json!({ "assignee_id": t.other.id }));
    // No status can be skipped, and members cannot delete requests.
    let step = update(json!({ "status": "completed" }));
    let answer = send(app, &t.admin, "requests", json!([assign, step])).await;
    assert_eq!(refused(&answer), (409, "conflict", "/operations/1"));
    let delete = json!({ "action": "delete", "id": second });
    let answer = send(app, &t.member, "requests", json!([assign, delete])).await;
    assert_eq!(refused(&answer), (403, "forbidden", "/operations/1"));
    let path = format!("/requests/{}", text(&first));
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, made["results"][0]["row"]);
    let done = send(app, &t.admin, "requests", json!([assign, delete])).await.expect(200).body;
    assert_eq!(done["results"][0]["row"]["assignee_id"], json!(t.other.id));
    assert_eq!(app.get("/requests").by(&t.member).gives(200).await["count"], 1);
}

async fn bulk_change_of_users_succeeds(app: &App) {
    let t = app.tenant().await;
    let create = new(&t, "grace", "member");
    let operations = json!([
        create,
        { "action": "update", "id": t.manager.id, "version": 1, "body": { "role": "member" } },
        { "action": "delete", "id": t.other.id },
    ]);
    let body = json!({ "operations": operations });
    let call = || app.post("/users/bulk").by(&t.admin).header("idempotency-key", "once").json(&body).send();
    let answer = call().await.expect(200);
    assert!(!answer.text.contains("password"), "{}", answer.text);
    let results = &answer.body["results"];
    assert_eq!((&results[1]["row"]["role"], &results[2]["row"]), (&json!("member"), &Value::Null));
    // The new user can sign in and gets a verification mail. A changed role revokes the user's
    // tokens.
    let grace = text(&create["body"]["email"]).to_owned();
    assert!(!app.mail_about(&grace, "verify-email").await.token.is_empty());
    let signed = json!({ "email": grace, "password": PASSWORD });
    let _ = app.post("/auth/token").json(&signed).gives(200).await;
    for user in [&t.manager, &t.other] {
        let _ = app.get("/tasks").by(user).gives(401).await;
    }
    let _ = app.get(&format!("/users/{}", t.other.id)).by(&t.admin).gives(404).await;
    let again = call().await.expect(200);
    assert_eq!((&again.body, again.header("idempotency-replayed")), (&answer.body, "true"));
    assert_eq!(app.get("/users").by(&t.admin).gives(200).await["count"], 4);
}

async fn bulk_change_of_users_is_atomic(app: &App) {
    let t = app.tenant().await;
    let _ = app.post("/tasks").by(&t.member).json(&json!({ "title": "Mine" })).gives(201).await;
    let before = app.get("/users").by(&t.admin).gives(200).await;
    let changed = |name: &str, value: Value| {
        let mut create = new(&t, "ada", "member");
        create["body"][name] = value;
        create
    };
    let update = |body: Value| json!({ "action": "update", "id": t.member.id, "body": body });
    for (second, told) in [
        (changed("password", json!("password")), (422, "invalid", "/operations/1/body/password")),
        (changed("email", json!(t.other.email)), (409, "conflict", "/operations/1/body/email")),
        (changed("weight", json!(1)), (422, "invalid", "/operations/1/body/weight")),
        // The operation before it takes the same email address.
        (
            changed("email", json!(format!("grace@{}.example", t.slug))),
            (409, "conflict", "/operations/1/body/email"),
        ),
        (update(json!({ "password": PASSWORD })), (422, "invalid", "/operations/1/body/password")),
        (update(json!({ "username": "other" })), (409, "conflict", "/operations/1/body/username")),
        // The user owns rows, and the operation names no user to transfer them to.
        (json!({ "action": "delete", "id": t.member.id }), (409, "in_use", "/operations/1")),
        (json!({ "action": "delete", "id": t.other.id, "version": 7 }), (412, "stale", "/operations/1")),
        (json!({ "action": "create" }), (422, "invalid", "/operations/1/body")),
    ] {
        let answer = send(app, &t.admin, "users", json!([new(&t, "grace", "member"), second])).await;
        assert_eq!(refused(&answer), told, "{second}: {}", answer.text);
        assert_eq!(app.get("/users").by(&t.admin).gives(200).await, before);
    }
    let _ = app.get("/tasks").by(&t.member).gives(200).await;
    let many = vec![new(&t, "grace", "member"); 101];
    assert_eq!(refused(&send(app, &t.admin, "users", many.into()).await), (422, "invalid", "/operations"));
}

async fn bulk_change_of_users_requires_an_admin(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let promote = |id| json!([{ "action": "update", "id": id, "body": { "role": "admin" } }]);
    for user in [&t.manager, &t.member] {
        for operations in [promote(user.id), json!([new(&t, "grace", "admin")]), json!([])] {
            assert_eq!(send(app, user, "users", operations).await.expect(403).code(), "forbidden");
        }
    }
    let strange = send(app, &u.admin, "users", promote(t.member.id)).await;
    assert_eq!(refused(&strange), (404, "not_found", "/operations/0"));
    // A service account with the scope to write users cannot create an admin, who could do more
    // than the account.
    let narrow = t.service(app, &["users:write"]);
    for operations in [promote(t.member.id), json!([new(&t, "grace", "admin")])] {
        let call = app.post("/users/bulk").token(&narrow).json(&json!({ "operations": operations }));
        assert_eq!(call.send().await.expect(403).code(), "insufficient_scope");
    }
}

async fn one_bulk_request_cannot_remove_the_last_admin(app: &App) {
    let t = app.tenant().await;
    let made = send(app, &t.admin, "users", json!([new(&t, "second", "admin")])).await.expect(200).body;
    let (first, second) = (json!(t.admin.id), made["results"][0]["id"].clone());
    let demote = |id: &Value| json!({ "action": "update", "id": id, "body": { "role": "member" } });
    let keep_out = |id: &Value| json!({ "action": "update", "id": id, "body": { "is_active": false } });
    let delete = |id: &Value| json!({ "action": "delete", "id": id });
    for operations in [
        [demote(&first), demote(&second)],
        [demote(&second), keep_out(&first)],
        [keep_out(&second), delete(&first)],
        [delete(&second), demote(&first)],
    ] {
        let answer = send(app, &t.admin, "users", json!(operations)).await;
        assert_eq!(refused(&answer), (409, "last_admin", "/operations/1"));
        assert_eq!(app.get("/users?role=admin&is_active=true").by(&t.admin).gives(200).await["count"], 2);
    }
    // An admin created in the same request counts.
    let operations = json!([new(&t, "third", "admin"), delete(&second), demote(&first)]);
    let _ = send(app, &t.admin, "users", operations).await.expect(200);
    let left = app.get("/users?role=admin").by(&t.member).gives(200).await;
    assert_eq!((&left["count"], &left["results"][0]["username"]), (&json!(1), &json!("third")));
}

async fn concurrent_bulk_requests_cannot_remove_the_last_admin(app: &App) {
    let t = app.tenant().await;
    let all = taskhub_domain::scopes::all();
    let service = t.service(app, &all.iter().map(String::as_str).collect::<Vec<_>>());
    let call = |operations: Value| {
        app.post("/users/bulk").token(&service).json(&json!({ "operations": operations }))
    };
    for round in 0..4 {
        let names = (0..3).map(|number| new(&t, &format!("admin-{round}-{number}"), "admin"));
        let _ = call(names.collect()).gives(200).await;
        let admins = app.get("/users?role=admin&is_active=true").token(&service).gives(200).await;
        let ids: Vec<_> = admins["results"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
        // Each request demotes all admins except one, a different one each time.
        let others = |left: usize| {
            let gone = ids.iter().enumerate().filter(move |(number, _)| *number != left);
            gone.map(|(_, id)| json!({ "action": "update", "id": id, "body": { "role": "member" } }))
                .collect()
        };
        let answers = join_all((0..ids.len()).map(|left| call(others(left)).send())).await;
        let done = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "{answers:?}");
        assert!(answers.iter().all(|it| it.status == 200 || it.code() == "last_admin"), "{answers:?}");
        assert_eq!(app.get("/users?role=admin&is_active=true").token(&service).gives(200).await["count"], 1);
    }
}
