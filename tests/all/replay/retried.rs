//! Retried changes take effect once, and keys that do not match are rejected.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{keyed, replayed};

every_database!(
    retried_patch_gets_the_first_response_and_not_412,
    retried_put_and_delete_take_effect_once,
    key_with_other_preconditions_or_parameters_is_a_mismatch,
    key_is_rejected_where_keys_are_not_honoured,
);

async fn retried_patch_gets_the_first_response_and_not_412(app: &App) {
    let t = app.tenant().await;
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Draft" })).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let change = json!({ "title": "Second draft" });
    let send = || keyed(app.patch(&path), &t.member.token).header("if-match", "\"1\"").json(&change).send();
    let first = send().await.expect(200);
    let again = send().await.expect(200);
    assert_eq!((replayed(&first), replayed(&again)), ("", "true"));
    assert_eq!((&again.text, again.header("etag")), (&first.text, "\"2\""));
    // Without the key the request is stale.
    let stale = app.patch(&path).by(&t.member).header("if-match", "\"1\"").json(&change).send().await;
    assert_eq!(stale.expect(412).code(), "stale");
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["version"], 2);
}

async fn retried_put_and_delete_take_effect_once(app: &App) {
    let t = app.tenant().await;
    let label = app.post("/labels").by(&t.admin).json(&json!({ "name": "Bug" })).gives(201).await;
    let path = format!("/labels/{}", label["id"].as_str().unwrap());
    let whole = json!({ "name": "Fault", "color": "#d73a4a" });
    let put = || keyed(app.put(&path), &t.admin.token).json(&whole).send();
    let first = put().await.expect(200);
    app.patch(&path).by(&t.admin).json(&json!({ "name": "Error" })).gives(200).await;
    let again = put().await.expect(200);
    assert_eq!((replayed(&again), &again.text), ("true", &first.text));
    assert_eq!(app.get(&path).by(&t.admin).gives(200).await["name"], "Error");
    let delete = || keyed(app.delete(&path), &t.admin.token).send();
    assert_eq!(replayed(&delete().await.expect(204)), "");
    let again = delete().await.expect(204);
    assert_eq!((replayed(&again), again.text.as_str()), ("true", ""));
    app.delete(&path).by(&t.admin).gives(404).await;
}

async fn key_with_other_preconditions_or_parameters_is_a_mismatch(app: &App) {
    let t = app.tenant().await;
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Draft" })).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let change = json!({ "title": "Second draft" });
    let call = |tag: &str| keyed(app.patch(&path), &t.member.token).header("if-match", tag).json(&change);
    let _ = call("\"1\"").send().await.expect(200);
    assert_eq!(call("\"2\"").send().await.expect(422).code(), "idempotency_mismatch");
    let body = json!({ "name": "Relaunch" });
    let project = app.post("/projects").by(&t.manager).json(&body).gives(201).await;
    let path = format!("/projects/{}", project["id"].as_str().unwrap());
    let _ = keyed(app.delete(&path), &t.admin.token).send().await.expect(204);
    let other = keyed(app.delete(&format!("{path}?purge=true")), &t.admin.token).send().await;
    assert_eq!(other.expect(422).code(), "idempotency_mismatch");
}

async fn key_is_rejected_where_keys_are_not_honoured(app: &App) {
    let t = app.tenant().await;
    let (token, _) = t.member.sign_in(app).await;
    let proof = json!({ "password": "wide-green-rivers" });
    let refused = keyed(app.post("/auth/mfa/totp"), &token).json(&proof).send().await.expect(400);
    assert_eq!(refused.code(), "invalid_header");
}
