//! Creating, changing and deleting users, and their unique names.

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, every_database};

use super::new;

every_database!(user_is_created_changed_and_deleted, email_and_username_are_unique_in_the_tenant);

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
