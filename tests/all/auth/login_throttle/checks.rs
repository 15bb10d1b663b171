//! Checks that are throttled like a login, and what the throttle does not reveal.

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, every_database};

use super::{SECOND, WRONG, try_as, waits};

every_database!(
    throttle_does_not_reveal_whether_an_account_exists,
    password_and_code_checks_are_throttled_like_a_login,
);

async fn throttle_does_not_reveal_whether_an_account_exists(app: &App) {
    let t = app.tenant().await;
    let nobody = format!("nobody@{}.example", t.slug);
    let mut told = Vec::new();
    for email in [&t.member.email, &nobody] {
        let mut answers = Vec::new();
        for _ in 0..8 {
            let mut answer = try_as(app, email, WRONG).await;
            answer.body["instance"] = Value::Null;
            answers.push((answer.status, answer.header("retry-after").to_owned(), answer.body));
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].iter().filter(|(status, ..)| *status == 401).count(), 5);
}

async fn password_and_code_checks_are_throttled_like_a_login(app: &App) {
    let t = app.tenant().await;
    let (access, _) = t.member.sign_in(app).await;
    let change = |old: &str| json!({ "old_password": old, "new_password": "tall-quiet-mountains" });
    let post = async |path: &str, body: Value| app.post(path).token(&access).json(&body).send().await;
    for number in 0..5 {
        let answer = if number % 2 == 0 {
            post("/auth/change-password", change(WRONG)).await
        } else {
            post("/auth/mfa/totp", json!({ "password": WRONG })).await
        };
        assert_eq!(answer.expect(422).body["errors"][0]["code"], "wrong_password");
    }
    waits(post("/auth/change-password", change(PASSWORD)).await, 1);
    waits(post("/auth/mfa/totp", json!({ "password": PASSWORD })).await, 1);
    waits(post("/auth/mfa/totp/confirm", json!({ "code": "000000" })).await, 1);
    app.clock.advance(SECOND);
    let _ = post("/auth/mfa/totp", json!({ "password": PASSWORD })).await.expect(200);
    // A right password does not reset the count of wrong codes.
    for _ in 0..5 {
        let answer = post("/auth/mfa/totp/confirm", json!({ "code": "000000" })).await.expect(422);
        assert_eq!(answer.body["errors"][0]["code"], "invalid_code");
    }
    waits(post("/auth/mfa/totp/confirm", json!({ "code": "000000" })).await, 1);
    let path = format!("/audit?action=proof_failed&row={}", t.member.id);
    crate::poll::until("a line for each failure", async || {
        app.get(&path).by(&t.admin).gives(200).await["count"] == 10
    })
    .await;
}
