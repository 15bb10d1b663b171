//! Bulk changes of users.

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, every_database};

use super::{new, refused, send, text};

every_database!(
    bulk_change_of_users_succeeds,
    bulk_change_of_users_is_atomic,
    bulk_change_of_users_requires_an_admin,
);

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
