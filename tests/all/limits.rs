//! Scenario tests of rate limits: which allowance a request counts against, and what the headers
//! report.

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{Answer, App, Backend, User, run};

/// Runs the tests on SQLite only: the limits do not depend on the database.
macro_rules! on_sqlite {
    ($($scenario:ident),* $(,)?) => {$(
        mod $scenario {
            #[test]
            fn sqlite() {
                super::run(super::Backend::Sqlite, |app| Box::pin(super::$scenario(app)));
            }
        }
    )*};
}

on_sqlite!(
    rate_limit_applies_per_principal,
    rate_limit_applies_per_tenant,
    headers_report_the_tighter_allowance,
    anonymous_rate_limit_applies_per_address,
    sign_in_has_a_stricter_rate_limit,
    x_forwarded_for_is_honoured_from_trusted_proxies_only,
    x_real_ip_is_honoured_from_trusted_proxies_only,
    addresses_of_an_ipv6_network_share_an_allowance,
    concurrent_requests_are_counted_exactly,
    health_checks_are_not_counted,
    bulk_request_counts_as_its_operations,
    refused_bulk_request_changes_nothing,
    bulk_request_counts_as_half_a_burst_at_most,
    bulk_request_counts_against_the_tenant,
    user_import_counts_as_its_rows,
);

/// A server with one small allowance: a burst of that size, and one more request an hour.
async fn strict(app: &App, which: &str, burst: &str, more: &[&str]) -> App {
    let (hourly, at_once) = (format!("--rate-{which}"), format!("--rate-{which}-burst"));
    let mut flags = vec![hourly.as_str(), "1", at_once.as_str(), burst];
    flags.extend(more);
    app.second(&flags).await
}

fn limited(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (429, "rate_limited"), "{}", answer.text);
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

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

async fn x_forwarded_for_is_honoured_from_trusted_proxies_only(app: &App) {
    let ask = async |server: &App, forwarded: &[&str]| {
        let call = server.get("/tasks");
        forwarded.iter().fold(call, |call, value| call.header("x-forwarded-for", value)).send().await
    };
    // Without configured proxies all requests count for one address.
    let plain = strict(app, "address", "2", &[]).await;
    let _ = ask(&plain, &["203.0.113.1"]).await.expect(401);
    let _ = ask(&plain, &["203.0.113.2"]).await.expect(401);
    limited(&ask(&plain, &["203.0.113.3"]).await);
    plain.finish().await;
    let proxies = ["--trusted-proxies", "127.0.0.0/8,10.0.0.0/8"];
    let behind = strict(app, "address", "2", &proxies).await;
    for _ in 0..2 {
        let _ = ask(&behind, &["203.0.113.1"]).await.expect(401);
    }
    limited(&ask(&behind, &["203.0.113.1"]).await);
    // Entries that the client itself sent, left of those of the proxy, are ignored.
    limited(&ask(&behind, &["198.51.100.7, 203.0.113.1"]).await);
    limited(&ask(&behind, &["198.51.100.8", "203.0.113.1"]).await);
    limited(&ask(&behind, &["198.51.100.9, 203.0.113.1, 10.1.2.3"]).await);
    limited(&ask(&behind, &["203.0.113.1, 10.1.2.3, 127.0.0.1"]).await);
    // Another client has its own allowance, and so has the proxy.
    let _ = ask(&behind, &["203.0.113.2"]).await.expect(401);
    let _ = ask(&behind, &[]).await.expect(401);
    let _ = ask(&behind, &["rubbish"]).await.expect(401);
    limited(&ask(&behind, &["203.0.113.9, rubbish"]).await);
    behind.finish().await;
}

async fn x_real_ip_is_honoured_from_trusted_proxies_only(app: &App) {
    let ask = async |server: &App, headers: &[(&str, &str)]| {
        let call = server.get("/tasks");
        headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send().await
    };
    let behind = strict(app, "address", "2", &["--trusted-proxies", "127.0.0.0/8"]).await;
    for _ in 0..2 {
        let _ = ask(&behind, &[("x-real-ip", "203.0.113.1")]).await.expect(401);
    }
    limited(&ask(&behind, &[("x-real-ip", "203.0.113.1")]).await);
    let _ = ask(&behind, &[("x-real-ip", "203.0.113.2")]).await.expect(401);
    // `X-Forwarded-For` takes precedence.
    limited(&ask(&behind, &[("x-forwarded-for", "203.0.113.1"), ("x-real-ip", "203.0.113.3")]).await);
    behind.finish().await;
    // The header is ignored from any other address.
    let plain = strict(app, "address", "1", &[]).await;
    let _ = ask(&plain, &[("x-real-ip", "203.0.113.1")]).await.expect(401);
    limited(&ask(&plain, &[("x-real-ip", "203.0.113.2")]).await);
    plain.finish().await;
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

/// A bulk request that creates so many tasks.
fn creates(number: usize) -> Value {
    let operations: Vec<_> = (0..number)
        .map(|i| json!({ "action": "create", "body": { "title": format!("Counted {i}") } }))
        .collect();
    json!({ "operations": operations })
}

/// The value of `RateLimit` without the time.
fn left(answer: &Answer) -> String {
    answer.header("ratelimit").split(";t=").next().unwrap().to_owned()
}

async fn bulk_request_counts_as_its_operations(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "principal", "20", &[]).await;
    let fine = strict.post("/tasks/bulk").by(&t.member).json(&creates(10)).send().await.expect(200);
    assert_eq!(left(&fine), "\"principal\";r=10");
    // Failed operations counted, too. A body without a list of operations counts as one request.
    let wrong =
        json!({ "operations": [{ "action": "create", "body": {} }, { "action": "create", "body": {} }] });
    let refused = strict.post("/tasks/bulk").by(&t.member).json(&wrong).send().await.expect(422);
    assert_eq!(left(&refused), "\"principal\";r=8");
    let refused = strict.post("/tasks/bulk").by(&t.member).json(&json!({})).send().await.expect(422);
    assert_eq!(left(&refused), "\"principal\";r=7");
    strict.finish().await;
}

async fn refused_bulk_request_changes_nothing(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "principal", "20", &[]).await;
    let _ = strict.post("/tasks/bulk").by(&t.member).json(&creates(10)).send().await.expect(200);
    let _ = strict.get("/tasks").by(&t.member).gives(200).await;
    let refused = strict.post("/tasks/bulk").by(&t.member).json(&creates(10)).send().await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limited"), "{}", refused.text);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert_eq!(left(&refused), "\"principal\";r=8", "the request counted, and its operations did not");
    assert!((7100..=7200).contains(&wait), "two of ten are missing, and each takes an hour: {wait}");
    let there = strict.get("/tasks?page=1").by(&t.member).send().await.expect(200);
    assert_eq!(there.body["count"], 10);
    // The rest of the allowance is enough for fewer operations.
    let _ = strict.post("/tasks/bulk").by(&t.member).json(&creates(7)).send().await.expect(200);
    strict.finish().await;
}

async fn bulk_request_counts_as_half_a_burst_at_most(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "principal", "20", &[]).await;
    let fine = strict.post("/tasks/bulk").by(&t.member).json(&creates(100)).send().await.expect(200);
    assert_eq!(left(&fine), "\"principal\";r=10");
    strict.finish().await;
}

async fn bulk_request_counts_against_the_tenant(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let strict = strict(app, "tenant", "20", &[]).await;
    let fine = strict.post("/tasks/bulk").by(&t.member).json(&creates(8)).send().await.expect(200);
    assert_eq!(left(&fine), "\"tenant\";r=12");
    let fine = strict.post("/tasks/bulk").by(&t.other).json(&creates(8)).send().await.expect(200);
    assert_eq!(left(&fine), "\"tenant\";r=4");
    let refused = strict.post("/tasks/bulk").by(&t.manager).json(&creates(8)).send().await.expect(429);
    assert_eq!(left(&refused), "\"tenant\";r=3");
    let _ = strict.post("/tasks/bulk").by(&u.member).json(&creates(8)).send().await.expect(200);
    strict.finish().await;
}

async fn user_import_counts_as_its_rows(app: &App) {
    let t = app.tenant().await;
    let strict = strict(app, "principal", "20", &[]).await;
    let rows = (0..9).map(|i| format!("counted{i}@acme.example,counted{i}\r\n")).collect::<Vec<_>>().concat();
    let import = async || {
        let file = format!("email,username\r\n{rows}");
        strict.post("/users/import").by(&t.admin).body("text/csv", file).send().await
    };
    assert_eq!(left(&import().await.expect(200)), "\"principal\";r=11");
    assert_eq!(left(&import().await.expect(200)), "\"principal\";r=2");
    assert_eq!(left(&import().await.expect(429)), "\"principal\";r=1");
    strict.finish().await;
}
