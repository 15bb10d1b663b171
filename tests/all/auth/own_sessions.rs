//! Listing and ending sessions.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_auth::{Cost, Hasher};
use taskhub_domain::{context::Request, user};
use taskhub_tests::{App, PASSWORD, every_database};

use crate::contract::database::Database;

every_database!(
    user_lists_own_sessions_and_admin_lists_all,
    user_ends_own_sessions_and_admin_ends_any,
    end_others_keeps_the_current_session,
    ended_sessions_are_purged_after_a_week,
    outdated_password_hash_is_upgraded_at_sign_in,
);

fn ids(list: &Value) -> Vec<&str> {
    list["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

async fn user_lists_own_sessions_and_admin_lists_all(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "email": t.member.email, "password": PASSWORD });
    let call = app.post("/auth/token").header("user-agent", "Lantern/1.0").json(&body);
    let pair = call.gives(200).await;
    let (access, refresh) = (pair["access_token"].as_str().unwrap(), pair["refresh_token"].clone());
    let _ = t.member.sign_in(app).await;
    let _ = t.other.sign_in(app).await;
    app.clock.advance(Duration::from_mins(1));
    let _ = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).gives(200).await;
    let list = app.get("/auth/sessions?sort=created_at").token(access).gives(200).await;
    assert_eq!(list["count"], 2);
    let [mine, other] = [0, 1].map(|number| &list["results"][number]);
    assert_eq!((&mine["current"], &other["current"]), (&json!(true), &json!(false)));
    assert_eq!((&mine["user_agent"], &mine["address"]), (&json!("Lantern/1.0"), &json!(app.address)));
    assert_eq!(mine["rotated_at"], json!(app.clock.now()));
    assert!(mine["created_at"].as_str() < mine["rotated_at"].as_str());
    assert!(mine.get("token_hash").is_none() && mine.get("previous_hash").is_none());
    // A token without a session lists the sessions, none of them as current. A service account has
    // none.
    let list = app.get("/auth/sessions").by(&t.member).gives(200).await;
    assert!(list["results"].as_array().unwrap().iter().all(|row| row["current"] == false));
    let _ = app.get("/auth/sessions").token(&t.service(app, &["sessions:read"])).gives(403).await;
    // Only an admin lists the sessions of other users.
    let path = format!("/users/{}/sessions", t.member.id);
    assert_eq!(app.get(&path).by(&t.admin).gives(200).await["count"], 2);
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["count"], 2);
    let _ = app.get(&path).by(&t.manager).gives(403).await;
    // Expired sessions are not listed.
    app.clock.advance(Duration::from_hours(720));
    assert_eq!(
        app.get(&path).token(&t.service(app, &["users:read", "sessions:read"])).gives(200).await["count"],
        0
    );
}

async fn user_ends_own_sessions_and_admin_ends_any(app: &App) {
    let t = app.tenant().await;
    let (here, _) = t.member.sign_in(app).await;
    let (there, refresh) = t.member.sign_in(app).await;
    let list = app.get("/auth/sessions").token(&there).gives(200).await;
    let current = |row: &&Value| row["current"] == true;
    let session = list["results"].as_array().unwrap().iter().find(current).unwrap();
    let path = format!("/auth/sessions/{}", session["id"].as_str().unwrap());
    let _ = app.delete(&path).by(&t.other).gives(404).await;
    let _ = app.delete(&path).by(&t.manager).gives(404).await;
    let _ = app.delete(&path).token(&here).header("if-match", "\"9\"").gives(412).await;
    let _ = app.delete(&path).token(&here).gives(204).await;
    let _ = app.get("/tasks").token(&there).gives(401).await;
    let refused = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).send().await;
    assert_eq!(refused.expect(401).code(), "invalid_refresh_token");
    let _ = app.delete(&path).token(&here).gives(404).await;
    // The admin ends the last one.
    let list = app.get(&format!("/users/{}/sessions", t.member.id)).by(&t.admin).gives(200).await;
    let [one] = ids(&list)[..] else { panic!("{list}") };
    let _ = app.delete(&format!("/auth/sessions/{one}")).by(&t.admin).gives(204).await;
    let _ = app.get("/tasks").token(&here).gives(401).await;
}

async fn end_others_keeps_the_current_session(app: &App) {
    let t = app.tenant().await;
    let (here, refresh) = t.member.sign_in(app).await;
    let (there, _) = t.member.sign_in(app).await;
    let (other, _) = t.other.sign_in(app).await;
    let _ = app.post("/auth/sessions/end-others").by(&t.member).gives(403).await;
    let _ = app.post("/auth/sessions/end-others").token(&here).gives(204).await;
    let _ = app.get("/tasks").token(&there).gives(401).await;
    let _ = app.get("/tasks").token(&other).gives(200).await;
    let list = app.get("/auth/sessions").token(&here).gives(200).await;
    assert_eq!((&list["count"], &list["results"][0]["current"]), (&json!(1), &json!(true)));
    let _ = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).gives(200).await;
}

async fn ended_sessions_are_purged_after_a_week(app: &App) {
    let t = app.tenant().await;
    let database = Database::of(app).await;
    let (access, _) = t.member.sign_in(app).await;
    let _ = t.other.sign_in(app).await;
    let _ = app.post("/auth/logout").token(&access).gives(204).await;
    let system = app.state.repository.system("a test", Request::default());
    let kept = async || {
        app.state.repository.forget_sessions(&system).await.unwrap();
        database.rows_of(t.id).await["session"].len()
    };
    app.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(kept().await, 2);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(kept().await, 1);
    app.clock.advance(Duration::from_hours(30 * 24));
    assert_eq!(kept().await, 0);
}

/// A password whose hash has become too weak is hashed again at the next sign-in, and no session
/// ends.
async fn outdated_password_hash_is_upgraded_at_sign_in(app: &App) {
    let t = app.tenant().await;
    let ctx = app.state.repository.system("a test", Request::default()).within(t.id);
    let today = app.state.settings.password_cost;
    let hasher = Hasher::with_cost(1, 0, Cost { memory: today.memory / 2, ..today });
    let weak = hasher.hash(PASSWORD.into()).await.unwrap();
    let set = app
        .state
        .repository
        .write(&ctx, (t.member.id, weak), |tx, (id, hash)| Box::pin(user::set_password(tx, *id, hash)));
    set.await.unwrap();
    app.clock.advance(Duration::from_secs(1));
    let (first, _) = t.member.sign_in(app).await;
    let _ = t.member.sign_in(app).await;
    let _ = app.get("/tasks").token(&first).gives(200).await;
    let audit = app.get(&format!("/audit?action=rehash&row={}", t.member.id)).by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 1);
    assert_eq!(audit["results"][0]["new_values"]["password_hash"], "[redacted]");
}
