//! Which allowance a request counts against: that of the principal, the tenant or the address.

use futures::future::join_all;
use serde_json::json;
use taskhub_tests::{App, User};

use super::{limited, strict};

on_sqlite!(
    rate_limit_applies_per_principal,
    rate_limit_applies_per_tenant,
    headers_report_the_tighter_allowance,
    concurrent_requests_are_counted_exactly,
    health_checks_are_not_counted,
);

async fn rate_limit_applies_per_principal(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let strict = strict(app, "principal", "3", &[]).await;
    let get = async |user: &User| strict.get("/tasks").by(user).send().await;
    for left in ["2", "1", "0"] {
        let fine = get(&t.member).await.expect(200);
        assert_eq!(fine.header("ratelimit-policy"), "\"principal\";q=1;w=3600;burst=3");
        let (state, _) = fine.header("ratelimit").split_once(";t=").unwrap();
        assert_eq!(state, format!("\"principal\";r={left}"));
        assert_eq!(fine.header("retry-after"), "");
    }
    let refused = get(&t.member).await;
    limited(&refused);
    assert!(refused.header("ratelimit").starts_with("\"principal\";r=0;t="));
    // Every operation counts, and failed requests count, too. Another token of the same user counts
    // for the same principal.
    limited(&strict.post("/tasks").by(&t.member).json(&json!({ "title": "More" })).send().await);
    let (access, _) = t.member.sign_in(app).await;
    limited(&strict.get("/tenant").token(&access).send().await);
    // Other users, tenants and service accounts are not affected.
    let _ = get(&t.other).await.expect(200);
    let _ = get(&u.member).await.expect(200);
    let service = t.service(app, &["tasks:read"]);
    for _ in 0..3 {
        let _ = strict.get("/users").token(&service).gives(403).await;
    }
    limited(&strict.get("/tasks").token(&service).send().await);
    strict.finish().await;
}

async fn rate_limit_applies_per_tenant(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let strict = strict(app, "tenant", "4", &[]).await;
    let tokens = (0..4).map(|_| t.service(app, &["tasks:read"])).chain([t.member.token.clone()]);
    let tokens: Vec<_> = tokens.collect();
    // All principals of a tenant share its allowance.
    for (token, left) in tokens.iter().zip(["3", "2", "1", "0"]) {
        let fine = strict.get("/tasks").token(token).send().await.expect(200);
        assert_eq!(fine.header("ratelimit-policy"), "\"tenant\";q=1;w=3600;burst=4");
        let (state, _) = fine.header("ratelimit").split_once(";t=").unwrap();
        assert_eq!(state, format!("\"tenant\";r={left}"));
    }
    for token in &tokens {
        let refused = strict.get("/tasks").token(token).send().await;
        limited(&refused);
        assert!(refused.header("ratelimit").starts_with("\"tenant\";r=0;t="));
    }
    limited(&strict.get("/tasks").by(&t.admin).send().await);
    // Another tenant has its own allowance, and signing in is counted separately.
    let _ = strict.get("/tasks").by(&u.member).send().await.expect(200);
    let guess = json!({ "email": t.member.email, "password": "another-password" });
    let _ = strict.post("/auth/token").json(&guess).send().await.expect(401);
    strict.finish().await;
}

async fn headers_report_the_tighter_allowance(app: &App) {
    let t = app.tenant().await;
    let more = ["--rate-tenant", "1", "--rate-tenant-burst", "4"];
    let strict = strict(app, "principal", "2", &more).await;
    let told = async |user: &User| {
        let answer = strict.get("/tasks").by(user).send().await;
        let state = answer.header("ratelimit").split(";t=").next().unwrap().to_owned();
        (answer.status, state)
    };
    let is = |status: u16, state: &str| (status, state.to_owned());
    assert_eq!(told(&t.member).await, is(200, "\"principal\";r=1"));
    assert_eq!(told(&t.member).await, is(200, "\"principal\";r=0"));
    // Requests refused by the allowance of the principal do not count against the tenant.
    for _ in 0..3 {
        assert_eq!(told(&t.member).await, is(429, "\"principal\";r=0"));
    }
    assert_eq!(told(&t.other).await, is(200, "\"principal\";r=1"));
    assert_eq!(told(&t.manager).await, is(200, "\"tenant\";r=0"));
    assert_eq!(told(&t.admin).await, is(429, "\"tenant\";r=0"));
    strict.finish().await;
}

async fn concurrent_requests_are_counted_exactly(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "principal", "10", &["--workers", "2"]).await;
    let answers = join_all((0..40).map(|_| strict.get("/tasks").by(&t.member).send())).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 10);
    answers.iter().filter(|answer| answer.status != 200).for_each(limited);
    strict.finish().await;
}

async fn health_checks_are_not_counted(app: &App) {
    let strict = strict(app, "address", "1", &[]).await;
    for path in ["/health/live", "/health/ready"].repeat(5) {
        let fine = strict.get(path).send().await.expect(200);
        assert_eq!(fine.header("ratelimit"), "");
    }
    strict.finish().await;
}
