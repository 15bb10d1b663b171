//! Who creates and sees personal access tokens, and their limits.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{DAY, SECOND, body, make};

every_database!(
    lifetime_and_number_of_tokens_are_limited,
    token_creates_no_token_with_more_scopes_or_a_longer_life,
    users_see_their_own_tokens_and_admins_see_all,
);

async fn lifetime_and_number_of_tokens_are_limited(app: &App) {
    let t = app.tenant().await;
    let create = async |expires_at: String| {
        let body = json!({ "name": "report", "scopes": [], "expires_at": expires_at });
        app.post("/access-tokens").by(&t.member).json(&body).send().await
    };
    let (now, longest) = (app.clock.now(), 366 * DAY);
    for wrong in [now, now.minus(SECOND), now.plus(longest + SECOND)] {
        assert_eq!(create(wrong.to_string()).await.expect(422).pointer(), "/expires_at");
    }
    for _ in 0..50 {
        let _ = create(now.plus(longest).to_string()).await.expect(201);
    }
    let told = create(now.plus(DAY).to_string()).await.expect(409);
    assert!(told.text.contains("at most 50"), "{}", told.text);
    // The limit counts per user.
    let _ = make(app, &t.other, &[]).await;
}

async fn token_creates_no_token_with_more_scopes_or_a_longer_life(app: &App) {
    let t = app.tenant().await;
    let (_, token) = make(app, &t.admin, &["tasks:read", "access-tokens:write"]).await;
    let create = async |body: Value| app.post("/access-tokens").token(&token).json(&body).send().await;
    let _ = create(body(app, &["tasks:read"])).await.expect(201);
    for scopes in [&["tasks:write"][..], &["tasks:read", "users:read"]] {
        assert_eq!(create(body(app, scopes)).await.expect(403).code(), "insufficient_scope");
    }
    let mut longer = body(app, &["tasks:read"]);
    longer["expires_at"] = app.clock.now().plus(DAY + SECOND).to_string().into();
    assert_eq!(create(longer).await.expect(422).pointer(), "/expires_at");
    let (_, reads) = make(app, &t.admin, &["access-tokens:read"]).await;
    let refused = app.post("/access-tokens").token(&reads).json(&body(app, &[])).send().await.expect(403);
    assert_eq!(refused.code(), "insufficient_scope");
    // A service account has no personal access tokens and cannot create any.
    let service = t.service(app, &["access-tokens:write"]);
    let _ = app.post("/access-tokens").token(&service).json(&body(app, &[])).gives(403).await;
}

async fn users_see_their_own_tokens_and_admins_see_all(app: &App) {
    let t = app.tenant().await;
    let (path, _) = make(app, &t.member, &["tasks:read"]).await;
    let _ = make(app, &t.admin, &["tasks:read"]).await;
    let count = async |user: &User, path: &str| app.get(path).by(user).gives(200).await["count"].clone();
    assert_eq!(count(&t.member, "/access-tokens").await, 1);
    assert_eq!(count(&t.other, "/access-tokens").await, 0);
    assert_eq!(count(&t.admin, "/access-tokens").await, 2);
    assert_eq!(count(&t.admin, "/access-tokens?user=me").await, 1);
    assert_eq!(count(&t.admin, &format!("/access-tokens?user={}", t.member.id)).await, 1);
    let _ = app.get(&path).by(&t.other).gives(404).await;
    let _ = app.delete(&path).by(&t.other).gives(404).await;
    let _ = app.get(&path).by(&t.admin).gives(200).await;
}
