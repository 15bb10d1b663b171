//! Concurrent changes cannot remove the last admin.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, PASSWORD, every_database};
use uuid::Uuid;

use super::rows;

every_database!(
    concurrent_demotions_leave_one_admin,
    concurrent_deletions_leave_one_admin,
    mixed_concurrent_changes_leave_one_admin,
);

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
