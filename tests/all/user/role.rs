//! Who manages users, changed roles, and users who cannot be removed.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::new;

every_database!(
    changed_role_revokes_the_tokens,
    user_in_use_cannot_be_deleted,
    only_admins_manage_users,
    last_admin_cannot_be_demoted_deactivated_or_deleted,
);

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
