//! Scenario tests of users and profiles.

mod administration;
mod files;
mod handover;
mod making;
mod permissions;
mod search;

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, every_database};

every_database!(
    user_is_created_changed_and_deleted,
    directory_hides_private_fields,
    email_and_username_are_unique_in_the_tenant,
    changed_role_revokes_the_tokens,
    users_read_and_change_their_own_profile,
    user_in_use_cannot_be_deleted,
    only_admins_manage_users,
    last_admin_cannot_be_demoted_deactivated_or_deleted,
);

fn new(t: &taskhub_tests::Tenant, name: &str) -> Value {
    json!({ "email": format!("{name}@{}.example", t.slug), "username": name, "password": PASSWORD })
}

async fn user_is_created_changed_and_deleted(app: &App) {
    let t = app.tenant().await;
    let mut body = new(&t, "Grace");
    body["first_name"] = json!(" Grace ");
    let made = app.post("/users").by(&t.admin).json(&body).send().await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!((&made.body["username"], &made.body["role"]), (&json!("grace"), &json!("member")));
    assert_eq!((&made.body["first_name"], &made.body["is_active"]), (&json!("Grace"), &json!(true)));
    assert_eq!(made.body["email"], json!(format!("grace@{}.example", t.slug)));
    assert!(!made.text.contains("password"), "{}", made.text);
    assert_eq!(app.get("/users/active-count").by(&t.member).gives(200).await, json!({ "count": 5 }));
    let change = json!({ "phone": "+44 20 7946 0000", "date_of_birth": "1906-12-09", "time_zone": "Europe/London", "is_active": false });
    let changed = app.patch(&path).by(&t.admin).json(&change).gives(200).await;
    for (name, value) in change.as_object().unwrap() {
        assert_eq!(changed[name], *value, "{name}");
    }
    assert_eq!(app.get("/users/active-count").by(&t.member).gives(200).await, json!({ "count": 4 }));
    let body = json!({ "email": changed["email"], "username": "grace", "role": "manager" });
    let replaced = app.put(&path).by(&t.admin).json(&body).gives(200).await;
    assert_eq!((&replaced["phone"], &replaced["is_active"]), (&Value::Null, &json!(true)));
    // An admin cannot set the password of another user.
    let refused =
        app.patch(&path).by(&t.admin).json(&json!({ "password": "tall-quiet-mountains" })).send().await;
    assert_eq!(refused.expect(422).pointer(), "/password");
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    let _ = app.get(&path).by(&t.admin).gives(404).await;
    let signed = json!({ "username": "grace", "tenant": t.slug, "password": PASSWORD });
    let _ = app.post("/auth/token").json(&signed).gives(401).await;
    let wrong = [
        ("email", json!("nobody"), "/email"),
        ("username", json!("ab"), "/username"),
        ("username", json!("with blank"), "/username"),
        ("password", json!("short"), "/password"),
        ("role", json!("owner"), "/role"),
        ("tenant_id", json!(t.id), "/tenant_id"),
        ("password_hash", json!("x"), "/password_hash"),
    ];
    for (name, value, pointer) in wrong {
        let mut body = new(&t, "third");
        body[name] = value;
        let refused = app.post("/users").by(&t.admin).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), pointer);
    }
}

async fn directory_hides_private_fields(app: &App) {
    let t = app.tenant().await;
    let _ = app
        .patch("/auth/profile")
        .by(&t.other)
        .json(&json!({ "phone": "12345", "address": "Elm St" }))
        .gives(200)
        .await;
    let path = format!("/users/{}", t.other.id);
    let private = ["email", "phone", "address", "date_of_birth", "time_zone", "locale", "last_login_at"];
    let seen = async |user| app.get(&path).by(user).gives(200).await;
    for (user, full) in [(&t.admin, true), (&t.other, true), (&t.manager, false), (&t.member, false)] {
        let shown = seen(user).await;
        assert_eq!(shown["username"], "other");
        for name in private {
            assert_eq!(shown.get(name).is_some(), full, "{name}");
        }
        let listed = app.get("/users?username=other").by(user).gives(200).await;
        assert_eq!(listed["results"], json!([shown]));
    }
    let u = app.tenant().await;
    let _ = app.get(&path).by(&u.admin).gives(404).await;
}

async fn email_and_username_are_unique_in_the_tenant(app: &App) {
    let t = app.tenant().await;
    for (name, value, pointer) in
        [("email", t.member.email.to_uppercase(), "/email"), ("username", "MEMBER".to_owned(), "/username")]
    {
        let mut body = new(&t, "third");
        body[name] = json!(value);
        let taken = app.post("/users").by(&t.admin).json(&body).send().await.expect(409);
        assert_eq!((taken.code(), taken.pointer()), ("conflict", pointer));
        let path = format!("/users/{}", t.other.id);
        let taken = app.patch(&path).by(&t.admin).json(&json!({ name: value })).send().await.expect(409);
        assert_eq!(taken.pointer(), pointer);
    }
    assert_eq!(app.get("/users").by(&t.admin).gives(200).await["count"], 4);
    // They are free in another tenant.
    let elsewhere = json!({ "email": t.member.email, "username": "elsewhere", "password": PASSWORD });
    let _ = app.post("/users").by(&app.tenant().await.admin).json(&elsewhere).gives(201).await;
}

async fn changed_role_revokes_the_tokens(app: &App) {
    let t = app.tenant().await;
    let (access, refresh) = t.manager.sign_in(app).await;
    let path = format!("/users/{}", t.manager.id);
    // A change that does not affect rights revokes nothing.
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "phone": "1" })).gives(200).await;
    let _ = app.get("/tasks").token(&access).gives(200).await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "role": "member" })).gives(200).await;
    for token in [&access, &t.manager.token] {
        let _ = app.get("/tasks").token(token).gives(401).await;
    }
    let _ = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).gives(401).await;
    app.clock.advance(Duration::from_millis(1));
    let (access, _) = t.manager.sign_in(app).await;
    let _ = app.post("/projects").token(&access).json(&json!({ "name": "No more" })).gives(403).await;
}

async fn users_read_and_change_their_own_profile(app: &App) {
    let t = app.tenant().await;
    let profile = app.get("/auth/profile").by(&t.member).gives(200).await;
    let mut user = app.get(&format!("/users/{}", t.member.id)).by(&t.admin).gives(200).await;
    user["mail_deliverable"] = json!(false);
    user["mail_undeliverable_reason"] = json!("email_unverified");
    assert_eq!(profile, user);
    let change = json!({ "first_name": "Mae", "locale": "en-GB", "address": "Elm Street 1\nSpringwood" });
    let changed = app.patch("/auth/profile").by(&t.member).json(&change).gives(200).await;
    assert_eq!((&changed["first_name"], &changed["version"]), (&json!("Mae"), &json!(2)));
    let replaced =
        app.put("/auth/profile").by(&t.member).json(&json!({ "last_name": "West" })).gives(200).await;
    assert_eq!((&replaced["first_name"], &replaced["last_name"]), (&json!(""), &json!("West")));
    assert_eq!((&replaced["address"], &replaced["email"]), (&Value::Null, &json!(t.member.email)));
    let mine = [
        "role",
        "is_active",
        "email",
        "username",
        "password",
        "password_hash",
        "id",
        "tenant_id",
        "last_login_at",
    ];
    for name in mine {
        let body = json!({ name: "admin" });
        let refused = app.patch("/auth/profile").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), format!("/{name}"));
    }
    for (body, pointer) in [
        (json!({ "date_of_birth": "1906-13-09" }), "/date_of_birth"),
        (json!({ "time_zone": "Europe London" }), "/time_zone"),
        (json!({ "phone": "1".repeat(33) }), "/phone"),
        (json!({ "first_name": null }), "/first_name"),
    ] {
        let refused = app.patch("/auth/profile").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), pointer);
    }
}

async fn user_in_use_cannot_be_deleted(app: &App) {
    let t = app.tenant().await;
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Mine" })).send().await.expect(201);
    let path = format!("/users/{}", t.member.id);
    let _ = t.member.sign_in(app).await;
    assert_eq!(app.delete(&path).by(&t.admin).send().await.expect(409).code(), "in_use");
    // The attempt has no effect: the token is still valid.
    let _ = app.delete(task.header("location")).by(&t.member).gives(204).await;
    // A task in the trash still belongs to the user.
    assert_eq!(app.delete(&path).by(&t.admin).send().await.expect(409).code(), "in_use");
    let purge = task.header("location").replace("/tasks/", "/tasks/deleted/");
    let _ = app.delete(&purge).by(&t.member).gives(204).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    let _ = app.get("/tasks").by(&t.member).gives(401).await;
    let _ = app.delete(&path).by(&t.admin).gives(404).await;
}

async fn only_admins_manage_users(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let path = format!("/users/{}", t.other.id);
    for user in [&t.manager, &t.member, &t.other] {
        let _ = app.post("/users").by(user).json(&new(&t, "third")).gives(403).await;
        let _ = app.patch(&path).by(user).json(&json!({ "role": "admin" })).gives(403).await;
        let _ = app.delete(&path).by(user).gives(403).await;
    }
    let _ = app.patch(&path).by(&u.admin).json(&json!({ "role": "admin" })).gives(404).await;
    let _ = app.delete(&path).by(&u.admin).gives(404).await;
    assert_eq!(app.get(&path).by(&t.admin).gives(200).await["version"], 1);
}

async fn last_admin_cannot_be_demoted_deactivated_or_deleted(app: &App) {
    let t = app.tenant().await;
    let path = format!("/users/{}", t.admin.id);
    for body in [json!({ "role": "member" }), json!({ "is_active": false })] {
        let refused = app.patch(&path).by(&t.admin).json(&body).send().await.expect(409);
        assert_eq!(refused.code(), "last_admin");
    }
    assert_eq!(app.delete(&path).by(&t.admin).send().await.expect(409).code(), "last_admin");
    // A deactivated admin does not count.
    let second = format!("/users/{}", t.manager.id);
    let _ = app
        .patch(&second)
        .by(&t.admin)
        .json(&json!({ "role": "admin", "is_active": false }))
        .gives(200)
        .await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "role": "member" })).gives(409).await;
    let _ = app.patch(&second).by(&t.admin).json(&json!({ "is_active": true })).gives(200).await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "role": "member" })).gives(200).await;
}
