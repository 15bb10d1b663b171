//! Signing in with a code, and recovering without one.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use taskhub_tests::{App, PASSWORD, every_database};

use super::{STEP, codes, guard, refused, sign_in};

every_database!(
    sign_in_requires_a_code,
    concurrent_uses_of_one_code_succeed_once,
    recovery_code_is_single_use,
    admin_removes_the_second_factor_of_another_user,
);

async fn sign_in_requires_a_code(app: &App) {
    let t = app.tenant().await;
    let guarded = guard(app, &t.member).await;
    assert_eq!(sign_in(app, &t.member, None).await.expect(401).code(), "second_factor_required");
    // Without the right password the caller does not learn that a code is required.
    let body = json!({ "email": t.member.email, "password": "another-password", "code": guarded.code(app) });
    assert_eq!(app.post("/auth/token").json(&body).send().await.expect(401).code(), "invalid_credentials");
    refused(sign_in(app, &t.member, Some("000000")).await);
    refused(sign_in(app, &t.member, Some("")).await);
    let code = guarded.code(app);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let _ = sign_in(app, &t.member, Some(&spaced)).await.expect(200);
    refused(sign_in(app, &t.member, Some(&code)).await);
    // The clock of the client may be off by one time step. A code older than the last used one is
    // refused.
    app.clock.advance(3 * STEP);
    let seconds = app.clock.now().seconds();
    refused(sign_in(app, &t.member, Some(&guarded.totp.code(seconds + 60))).await);
    let _ = sign_in(app, &t.member, Some(&guarded.totp.code(seconds + 30))).await.expect(200);
    refused(sign_in(app, &t.member, Some(&guarded.totp.code(seconds))).await);
    // A superfluous code is ignored.
    let _ = sign_in(app, &t.other, Some("000000")).await.expect(200);
}

async fn concurrent_uses_of_one_code_succeed_once(app: &App) {
    let t = app.tenant().await;
    let guarded = guard(app, &t.member).await;
    let code = guarded.code(app);
    let answers = join_all((0..20).map(|_| sign_in(app, &t.member, Some(&code)))).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1);
    let others = answers.iter().filter(|answer| answer.status != 200);
    others.for_each(|answer| assert!(matches!(answer.status, 422 | 429), "{}", answer.text));
    let sessions = app.get("/auth/sessions").token(&guarded.access).gives(200).await;
    assert_eq!(sessions["count"], 2);
}

async fn recovery_code_is_single_use(app: &App) {
    let t = app.tenant().await;
    let guarded = guard(app, &t.member).await;
    let [first, second] = [0, 1].map(|number| guarded.recovery[number].clone());
    let _ = sign_in(app, &t.member, Some(&first)).await.expect(200);
    refused(sign_in(app, &t.member, Some(&first)).await);
    let typed = second.to_lowercase().replace('-', " ");
    let answers = join_all((0..8).map(|_| sign_in(app, &t.member, Some(&typed)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let state = app.get("/auth/mfa/totp").token(&guarded.access).gives(200).await;
    assert_eq!(state["recovery_codes_left"], 8);
    // New recovery codes replace all others.
    app.clock.advance(Duration::from_hours(1));
    let pair = sign_in(app, &t.member, Some(&guarded.recovery[2])).await.expect(200).body;
    let access = pair["access_token"].as_str().unwrap();
    let body = json!({ "password": PASSWORD, "code": guarded.recovery[3] });
    let path = "/auth/mfa/totp/recovery-codes";
    let renewed = codes(&app.post(path).token(access).json(&body).gives(200).await);
    assert_eq!(renewed.len(), 10);
    refused(sign_in(app, &t.member, Some(&guarded.recovery[4])).await);
    let _ = sign_in(app, &t.member, Some(&renewed[0])).await.expect(200);
}

async fn admin_removes_the_second_factor_of_another_user(app: &App) {
    let t = app.tenant().await;
    let guarded = guard(app, &t.member).await;
    let (admin, _) = t.admin.sign_in(app).await;
    let path = format!("/users/{}/second-factor", t.member.id);
    let (manager, _) = t.manager.sign_in(app).await;
    let _ = app.delete(&path).token(&manager).gives(404).await;
    // Nobody can remove their own second factor without a proof, not even an admin.
    let _ = app.delete(&path).token(&guarded.access).gives(403).await;
    let _ = app.delete(&path).token(&admin).gives(204).await;
    let _ = app.delete(&path).token(&admin).gives(404).await;
    let _ = app.get("/tasks").token(&guarded.access).gives(401).await;
    let _ = sign_in(app, &t.member, None).await.expect(200);
    let audit = format!("/audit?noun=second_factor&action=delete&row={}", t.member.id);
    let line = &app.get(&audit).by(&t.admin).gives(200).await["results"][0];
    assert_eq!(line["actor_id"], json!(t.admin.id));
}
