//! Changing the password.

use serde_json::json;
use taskhub_tests::{App, PASSWORD, every_database};

every_database!(password_change_ends_the_other_sessions, weak_or_wrong_password_is_rejected_with_422);

const NEW: &str = "tall-quiet-mountains";

async fn password_change_ends_the_other_sessions(app: &App) {
    let t = app.tenant().await;
    let (here, here_refresh) = t.member.sign_in(app).await;
    let (there, there_refresh) = t.member.sign_in(app).await;
    let change = json!({ "old_password": PASSWORD, "new_password": NEW });
    let _ = app.post("/auth/change-password").token(&here).json(&change).gives(204).await;
    let _ = app.get("/tasks").token(&there).gives(401).await;
    let refresh = async |token: &str| {
        app.post("/auth/token/refresh").json(&json!({ "refresh_token": token })).send().await.status
    };
    assert_eq!(refresh(&there_refresh).await, 401);
    let _ = app.get("/tasks").token(&here).gives(200).await;
    assert_eq!(refresh(&here_refresh).await, 200);
    let sign_in = async |password: &str| {
        let body = json!({ "email": t.member.email, "password": password });
        app.post("/auth/token").json(&body).send().await.status
    };
    assert_eq!((sign_in(PASSWORD).await, sign_in(NEW).await), (401, 200));
    let path = format!("/audit?noun=user&action=change_password&row={}", t.member.id);
    let audit = app.get(&path).by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 1);
    assert_eq!(audit["results"][0]["new_values"]["password_hash"], "[redacted]");
    assert_eq!(audit["results"][0]["old_values"]["password_hash"], "[redacted]");
}

async fn weak_or_wrong_password_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let pointer = async |old: &str, new: &str| {
        let body = json!({ "old_password": old, "new_password": new });
        let refused = app.post("/auth/change-password").by(&t.member).json(&body).send().await.expect(422);
        assert!(!refused.text.contains(new), "{}", refused.text);
        (refused.pointer().to_owned(), refused.body["errors"][0]["code"].as_str().unwrap().to_owned())
    };
    let error = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(pointer("another-password", NEW).await, error("/old_password", "wrong_password"));
    for weak in ["too-short", "password123456", &t.member.email] {
        assert_eq!(pointer(PASSWORD, weak).await, error("/new_password", "weak_password"));
    }
    // A service account has no password.
    let body = json!({ "old_password": PASSWORD, "new_password": NEW });
    let service = t.service(app, &["users:write", "users:read"]);
    let _ = app.post("/auth/change-password").token(&service).json(&body).gives(403).await;
    let _ = t.member.sign_in(app).await;
}
