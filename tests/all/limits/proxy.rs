//! The address of a client behind a proxy.

use taskhub_tests::App;

use super::{limited, strict};

on_sqlite!(
    x_forwarded_for_is_honoured_from_trusted_proxies_only,
    x_real_ip_is_honoured_from_trusted_proxies_only,
);

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
