//! Sessions that are ended: by signing out, by newer ones, and with their user.

use serde_json::json;
use taskhub_tests::{App, PASSWORD, every_database};

use super::{SECOND, refresh, refused, rotate};

every_database!(
    logout_ends_only_the_current_session,
    session_over_the_limit_ends_the_oldest,
    deleting_a_user_revokes_its_tokens,
);

async fn logout_ends_only_the_current_session(app: &App) {
    let t = app.tenant().await;
    let (access, token) = t.member.sign_in(app).await;
    let (other_access, other) = t.member.sign_in(app).await;
    let (newer, token) = rotate(app, &token).await;
    let gone = app.post("/auth/logout").token(&access).send().await.expect(204);
    assert_eq!(gone.text, "");
    for token in [&access, &newer] {
        let _ = app.get("/tasks").token(token).gives(401).await;
    }
    refused(app, &token).await;
    let _ = app.get("/tasks").token(&other_access).gives(200).await;
    let _ = rotate(app, &other).await;
    // A token without a session cannot log out.
    let _ = app.post("/auth/logout").by(&t.member).gives(403).await;
    let _ = app.post("/auth/logout").gives(401).await;
}

async fn session_over_the_limit_ends_the_oldest(app: &App) {
    let t = app.tenant().await;
    let sign_in = json!({ "email": t.member.email, "password": PASSWORD, "tenant": t.slug });
    let mut sessions = Vec::new();
    for _ in 0..51 {
        app.clock.advance(SECOND);
        let pair = app.post("/auth/token").json(&sign_in).gives(200).await;
        sessions.push(pair["refresh_token"].as_str().unwrap().to_owned());
    }
    refused(app, &sessions[0]).await;
    for kept in [&sessions[1], &sessions[50]] {
        let _ = refresh(app, kept).await.expect(200);
    }
}

async fn deleting_a_user_revokes_its_tokens(app: &App) {
    let t = app.tenant().await;
    let (access, refresh_token) = t.other.sign_in(app).await;
    let _ = app.get("/auth/profile").token(&access).gives(200).await;
    let _ = app.delete(&format!("/users/{}", t.other.id)).by(&t.admin).gives(204).await;
    for token in [&access, &t.other.token] {
        assert_eq!(app.get("/projects").token(token).send().await.expect(401).code(), "unauthenticated");
    }
    refused(app, &refresh_token).await;
}
