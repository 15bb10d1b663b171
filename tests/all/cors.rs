//! Scenario tests of CORS: pages of configured origins can call the API, other pages cannot.

use serde_json::json;
use taskhub_tests::{App, every_database};

every_database!(
    without_configured_origins_cors_is_off,
    configured_origins_may_call,
    preflight_allows_common_browser_and_tracing_headers,
    refused_preflight_names_the_reason,
);

const PAGE: &str = "https://app.example.com";

async fn without_configured_origins_cors_is_off(app: &App) {
    let t = app.tenant().await;
    let answer = app.get("/tasks").by(&t.member).header("origin", PAGE).send().await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let asked =
        app.call("OPTIONS", "/tasks").header("origin", PAGE).header("access-control-request-method", "POST");
    assert_eq!(asked.send().await.header("access-control-allow-origin"), "");
}

async fn configured_origins_may_call(app: &App) {
    let t = app.tenant().await;
    let open = app.second(&["--cors-origins", "https://app.example.com,http://localhost:5173"]).await;
    for origin in [PAGE, "http://localhost:5173"] {
        let ask = open.call("OPTIONS", "/tasks").header("origin", origin);
        let ask = ask.header("access-control-request-method", "PATCH");
        let ask = ask.header(
            "access-control-request-headers",
            "authorization, if-match, idempotency-key, content-type",
        );
        let told = ask.send().await;
        assert!(told.status < 300, "{} {}", told.status, told.text);
        assert_eq!(told.header("access-control-allow-origin"), origin);
        assert_eq!(told.header("access-control-max-age"), "3600");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert!(told.header("access-control-allow-methods").contains(method), "{method}");
        }
        let allowed = told.header("access-control-allow-headers").to_lowercase();
        for name in ["authorization", "if-match", "idempotency-key", "content-type"] {
            assert!(allowed.contains(name), "{name}");
        }
        let answer = open.get("/tasks").by(&t.member).header("origin", origin).send().await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        // Tokens are sent in a header. Cookies never authenticate a page.
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let exposed = answer.header("access-control-expose-headers").to_lowercase();
        for name in
            ["etag", "location", "link", "retry-after", "x-request-id", "idempotency-replayed", "ratelimit"]
        {
            assert!(exposed.contains(name), "{name}");
        }
        assert!(
            answer.headers.get_all("vary").iter().any(|vary| vary
                .to_str()
                .unwrap()
                .to_lowercase()
                .contains("origin"))
        );
        // A page can read an error response, too.
        let refused =
            open.post("/tasks").by(&t.member).header("origin", origin).json(&json!({})).send().await;
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (422, origin));
        let refused = open.get("/tasks").header("origin", origin).send().await;
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, origin));
    }
    for origin in
        ["https://app.example.com.evil.example", "https://evil.example", "http://app.example.com", "null"]
    {
        let ask = open.call("OPTIONS", "/tasks").header("origin", origin);
        let told = ask.header("access-control-request-method", "GET").send().await;
        assert_eq!(told.header("access-control-allow-origin"), "", "{origin}");
        let answer = open.get("/tasks").by(&t.member).header("origin", origin).send().await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
    // A request without an Origin header is not affected.
    let _ = open.get("/tasks").by(&t.member).gives(200).await;
    open.finish().await;
}

async fn preflight_allows_common_browser_and_tracing_headers(app: &App) {
    let open = app.second(&["--cors-origins", PAGE]).await;
    for name in ["tracestate", "baggage", "x-requested-with", "cache-control", "Traceparent, TraceState"] {
        let ask = open.call("OPTIONS", "/tasks").header("origin", PAGE);
        let ask = ask.header("access-control-request-method", "GET");
        let answer = ask.header("access-control-request-headers", name).send().await;
        assert_eq!(answer.header("access-control-allow-origin"), PAGE, "{name}: {}", answer.text);
    }
    open.finish().await;
}

async fn refused_preflight_names_the_reason(app: &App) {
    let open = app.second(&["--cors-origins", PAGE]).await;
    let evil = "https://evil.example";
    for (origin, method, headers, named) in [
        (evil, "GET", "accept", "The origin https://evil.example is not allowed."),
        (PAGE, "TRACE", "accept", "The method TRACE is not allowed in cross-origin requests."),
        (
            PAGE,
            "GET",
            "X-Secret, accept, x-other",
            "These headers are not allowed in cross-origin requests: x-secret, x-other.",
        ),
    ] {
        let ask = open.call("OPTIONS", "/tasks").header("origin", origin);
        let ask = ask.header("access-control-request-method", method);
        let answer = ask.header("access-control-request-headers", headers).send().await.expect(400);
        assert_eq!((answer.code(), &answer.body["detail"]), ("invalid_header", &json!(named)));
    }
    open.finish().await;
}
