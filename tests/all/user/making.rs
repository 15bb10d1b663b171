//! Scenario tests of users created by an admin, and of users who have never signed in.

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, every_database};

every_database!(
    user_created_without_a_password_gets_a_welcome_mail,
    users_without_a_sign_in_are_filtered,
    profile_reports_whether_mail_is_deliverable,
);

async fn user_created_without_a_password_gets_a_welcome_mail(app: &App) {
    let t = app.tenant().await;
    let email = |name: &str| format!("{name}@{}.example", t.slug);
    let body = json!({
        "email": email("grace"), "username": "grace", "phone": "+44 20 7946 0000", "address": "1 High Street",
        "is_active": true,
    });
    let made = app.post("/users").by(&t.admin).json(&body).gives(201).await;
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(made[name], *value, "{name}");
    }
    let sign_in = json!({ "email": email("grace"), "password": PASSWORD });
    let _ = app.post("/auth/token").json(&sign_in).gives(401).await;
    let mail = app.mail_to(&email("grace")).await;
    assert!(mail.subject.starts_with("Your account at "), "{}", mail.subject);
    let choose = json!({ "token": mail.token, "new_password": PASSWORD });
    let _ = app.post("/auth/password-reset/confirm").json(&choose).gives(204).await;
    let _ = app.post("/auth/token").json(&sign_in).gives(200).await;
    // Many users at once, some of them deactivated.
    let new = |name: &str, active: bool| {
        let body = json!({ "email": email(name), "username": name, "is_active": active });
        json!({ "action": "create", "body": body })
    };
    let bulk = json!({ "operations": [new("mae", true), new("ada", false)] });
    let done = app.post("/users/bulk").by(&t.admin).json(&bulk).gives(200).await;
    let active: Vec<_> =
        done["results"].as_array().unwrap().iter().map(|it| it["row"]["is_active"].clone()).collect();
    assert_eq!(active, [json!(true), json!(false)]);
    assert!(app.mail_to(&email("mae")).await.subject.starts_with("Your account at "));
    let null = json!({ "email": email("joan"), "username": "joan", "is_active": null });
    assert_eq!(app.post("/users").by(&t.admin).json(&null).send().await.expect(422).pointer(), "/is_active");
}

async fn users_without_a_sign_in_are_filtered(app: &App) {
    let t = app.tenant().await;
    let _ = t.member.sign_in(app).await;
    let names = async |path: &str| -> Vec<Value> {
        let list = app.get(path).by(&t.admin).gives(200).await;
        list["results"].as_array().unwrap().iter().map(|user| user["username"].clone()).collect()
    };
    assert_eq!(names("/users?last_login_at=none&sort=username").await, ["admin", "manager", "other"]);
    // Other nullable timestamps accept `none`, too; timestamps that are never null do not.
    let task = json!({ "title": "Some day" });
    let _ = app.post("/tasks").by(&t.member).json(&task).gives(201).await;
    for (filter, count) in [("due_at=none", 1), ("completed_at=none", 1), ("start_at=none", 1)] {
        assert_eq!(app.get(&format!("/tasks?{filter}")).by(&t.member).gives(200).await["count"], count);
    }
    for path in ["/tasks?created_at=none", "/tasks?due_at[lt]=none"] {
        let _ = app.get(path).by(&t.member).gives(400).await;
    }
    let _ = app.get("/users?last_login_at=none").by(&t.member).gives(400).await;
}

async fn profile_reports_whether_mail_is_deliverable(app: &App) {
    let t = app.tenant().await;
    let by_mail = json!({ "notification_preferences": { "mention": "mail" } });
    let profile = app.patch("/auth/profile").by(&t.member).json(&by_mail).gives(200).await;
    assert_eq!(profile["mail_deliverable"], false);
    assert_eq!(profile["mail_undeliverable_reason"], "email_unverified");
    assert_eq!(app.get("/auth/profile").by(&t.member).gives(200).await, profile);
    let token = app.mail_to(&t.member.email).await.token;
    let _ = app.post("/auth/verify-email").json(&json!({ "token": token })).gives(204).await;
    let profile = app.get("/auth/profile").by(&t.member).gives(200).await;
    assert_eq!(
        (&profile["mail_deliverable"], &profile["mail_undeliverable_reason"]),
        (&json!(true), &Value::Null)
    );
}
