//! Requests without a token count per address.

use serde_json::json;
use taskhub_tests::App;

use super::{limited, strict};

on_sqlite!(
    anonymous_rate_limit_applies_per_address,
    sign_in_has_a_stricter_rate_limit,
    addresses_of_an_ipv6_network_share_an_allowance,
);

async fn anonymous_rate_limit_applies_per_address(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "address", "3", &[]).await;
    // Requests with a valid token do not count against the address; requests with an invalid one
    // do.
    let _ = strict.get("/tasks").by(&t.member).gives(200).await;
    let fine = strict.get("/tasks").send().await.expect(401);
    assert_eq!(fine.header("ratelimit-policy"), "\"address\";q=1;w=3600;burst=3");
    let _ = strict.get("/tasks").token("rubbish").gives(401).await;
    let _ = strict.get("/nowhere").gives(404).await;
    limited(&strict.get("/tasks").send().await);
    limited(&strict.get("/tasks").token("rubbish").send().await);
    limited(&strict.post("/auth/token/verify").json(&json!({ "token": t.member.token })).send().await);
    let _ = strict.get("/tasks").by(&t.member).gives(200).await;
    strict.finish().await;
}

async fn sign_in_has_a_stricter_rate_limit(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "sign-in", "3", &[]).await;
    let guess = json!({ "email": t.member.email, "password": "another-password" });
    let fine = strict.post("/auth/token").json(&guess).send().await.expect(401);
    assert_eq!(fine.header("ratelimit-policy"), "\"sign-in\";q=1;w=3600;burst=3");
    let _ = strict.post("/auth/token/refresh").json(&json!({ "refresh_token": "rubbish" })).gives(401).await;
    let _ = strict.post("/auth/register").json(&json!({})).gives(422).await;
    for path in [
        "/auth/token",
        "/auth/token/",
        "/auth/%74oken",
        "/%61uth/token",
        "/auth/token/refresh",
        "/auth/register",
    ] {
        limited(&strict.post(path).json(&guess).send().await);
    }
    // A token does not relax the limit on signing in.
    limited(&strict.post("/auth/token").by(&t.other).json(&guess).send().await);
    // Other operations are not affected.
    let _ = strict.get("/tasks").by(&t.member).gives(200).await;
    let _ = strict.post("/auth/token/verify").json(&json!({ "token": "x" })).gives(200).await;
    strict.finish().await;
}

async fn addresses_of_an_ipv6_network_share_an_allowance(app: &App) {
    let behind = strict(app, "address", "2", &["--trusted-proxies", "127.0.0.0/8"]).await;
    let ask = async |address: &str| behind.get("/tasks").header("x-forwarded-for", address).send().await;
    let _ = ask("2001:db8:1:2::1").await.expect(401);
    let _ = ask("2001:db8:1:2:ffff::9").await.expect(401);
    limited(&ask("2001:db8:1:2:3:4:5:6").await);
    let _ = ask("2001:db8:1:3::1").await.expect(401);
    // An IPv4-mapped IPv6 address counts as the IPv4 address.
    let _ = ask("::ffff:203.0.113.5").await.expect(401);
    let _ = ask("203.0.113.5").await.expect(401);
    limited(&ask("::ffff:203.0.113.5").await);
    behind.finish().await;
}
