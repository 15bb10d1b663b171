//! Revoking all tokens of a user, also under concurrency.

use futures::future::join_all;
use serde_json::json;
use taskhub_domain::{access_token, context::Request};
use taskhub_tests::{App, every_database};

use super::{make, status};

every_database!(
    end_all_revokes_every_token_of_the_user,
    no_token_survives_a_concurrent_disabling_of_its_user,
);

async fn end_all_revokes_every_token_of_the_user(app: &App) {
    let t = app.tenant().await;
    let tokens = [make(app, &t.member, &["tasks:read"]).await, make(app, &t.member, &["tasks:read"]).await];
    let (_, other) = make(app, &t.other, &["tasks:read"]).await;
    assert_eq!(status(app, "/tasks", &tokens[0].1).await, 200);
    let ctx = app.state.repository.system("a test", Request::default()).within(t.id);
    let end =
        app.state.repository.write(&ctx, t.member.id, |tx, user| Box::pin(access_token::end_all(tx, *user)));
    end.await.unwrap();
    for (_, token) in &tokens {
        assert_eq!(status(app, "/tasks", token).await, 401);
    }
    assert_eq!(status(app, "/tasks", &other).await, 200);
    let audit = app.get("/audit?noun=access_token&action=delete").by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 2);
}

/// The tokens are used for the first time while their user is disabled. Whichever comes first, all
/// are refused afterwards.
async fn no_token_survives_a_concurrent_disabling_of_its_user(app: &App) {
    let t = app.tenant().await;
    let mut tokens = Vec::new();
    for _ in 0..12 {
        tokens.push(make(app, &t.member, &["tasks:read"]).await.1);
    }
    let path = format!("/users/{}", t.member.id);
    let disable = app.patch(&path).by(&t.admin).json(&json!({ "is_active": false })).gives(200);
    let _ = futures::join!(join_all(tokens.iter().map(|token| status(app, "/tasks", token))), disable);
    for token in &tokens {
        assert_eq!(status(app, "/tasks", token).await, 401);
    }
}
