//! Which sessions and credentials get a stored response.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{keyed, make_account, personal, replayed};

every_database!(
    secret_is_replayed_only_to_the_same_credential,
    response_without_a_secret_is_replayed_to_other_sessions,
    logout_is_not_replayed_to_another_session,
);

async fn secret_is_replayed_only_to_the_same_credential(app: &App) {
    let t = app.tenant().await;
    let (own, refresh) = t.admin.sign_in(app).await;
    let (other, _) = t.admin.sign_in(app).await;
    let first = make_account(app, &own).await.expect(201);
    for elsewhere in [&other, &personal(app, &t.admin, &["service-accounts:write", "tasks:read"]).await] {
        let refused = make_account(app, elsewhere).await.expect(403);
        assert_eq!(refused.code(), "forbidden");
        assert!(!refused.text.contains(first.body["client_secret"].as_str().unwrap()));
    }
    // A new access token of the same session is the same credential.
    let pair = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).gives(200).await;
    let again = make_account(app, pair["access_token"].as_str().unwrap()).await.expect(201);
    assert_eq!((replayed(&again), &again.text), ("true", &first.text));
}

async fn response_without_a_secret_is_replayed_to_other_sessions(app: &App) {
    let t = app.tenant().await;
    let (one, _) = t.admin.sign_in(app).await;
    let (two, _) = t.admin.sign_in(app).await;
    let user = json!({ "email": format!("new@{}.example", t.slug), "username": "new", "password": "wide-green-rivers", "role": "admin" });
    let send = async |token: &str| keyed(app.post("/users"), token).json(&user).send().await;
    let first = send(&one).await.expect(201);
    let again = send(&two).await.expect(201);
    assert_eq!((replayed(&again), &again.text), ("true", &first.text));
    // A replay does not give the rights of an admin to a restricted token, either.
    let narrow = personal(app, &t.admin, &["users:write"]).await;
    assert_eq!(send(&narrow).await.expect(403).code(), "insufficient_scope");
}

async fn logout_is_not_replayed_to_another_session(app: &App) {
    let t = app.tenant().await;
    let (one, _) = t.member.sign_in(app).await;
    let (two, _) = t.member.sign_in(app).await;
    let _ = keyed(app.post("/auth/logout"), &one).send().await.expect(204);
    assert_eq!(keyed(app.post("/auth/logout"), &two).send().await.expect(403).code(), "forbidden");
    app.post("/auth/logout").token(&two).gives(204).await;
}
