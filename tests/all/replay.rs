//! Scenario tests of stored responses: an idempotency key never reveals what its caller may no
//! longer see or do.

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, Call, Tenant, User, every_database};

every_database!(
    secret_is_replayed_only_to_the_same_credential,
    restricted_token_gets_no_response_beyond_its_scopes,
    demoted_admin_gets_no_stored_response,
    response_about_an_invisible_row_is_not_replayed,
    response_is_replayed_after_the_request_itself_ended_access,
    response_without_a_secret_is_replayed_to_other_sessions,
    logout_is_not_replayed_to_another_session,
    retried_patch_gets_the_first_response_and_not_412,
    retried_put_and_delete_take_effect_once,
    key_with_other_preconditions_or_parameters_is_a_mismatch,
    key_is_rejected_where_keys_are_not_honoured,
);

fn keyed<'a>(call: Call<'a>, token: &str) -> Call<'a> {
    call.token(token).header("idempotency-key", "one")
}

fn replayed(answer: &Answer) -> &str {
    answer.header("idempotency-replayed")
}

async fn make_account(app: &App, token: &str) -> Answer {
    let body = json!({ "name": "exporter", "scopes": ["tasks:read"] });
    keyed(app.post("/service-accounts"), token).json(&body).send().await
}

/// A personal access token of the user.
async fn personal(app: &App, user: &User, scopes: &[&str]) -> String {
    let soon = app.clock.now().plus(std::time::Duration::from_hours(240)).to_string();
    let body = json!({ "name": "script", "scopes": scopes, "expires_at": soon });
    let made = app.post("/access-tokens").by(user).json(&body).gives(201).await;
    made["token"].as_str().unwrap().to_owned()
}

async fn team_of(app: &App, t: &Tenant, member: &User) -> (Value, Value) {
    let team = app.post("/teams").by(&t.manager).json(&json!({ "name": "Design" })).gives(201).await;
    let members = format!("/teams/{}/members", team["id"].as_str().unwrap());
    let member = app.post(&members).by(&t.manager).json(&json!({ "user_id": member.id })).gives(201).await;
    let project = json!({ "name": "Relaunch", "team_id": team["id"] });
    let project = app.post("/projects").by(&t.manager).json(&project).gives(201).await;
    let path = json!(format!("{members}/{}", member["id"].as_str().unwrap()));
    (project, path)
}

async fn secret_is_replayed_only_to_the_same_credential(app: &App) {
    let t = app.tenant().await;
    let (own, refresh) = t.admin.sign_in(app).await;
    let (other, _) = t.admin.sign_in(app).await;
    let first = make_account(app, &own).await.expect(201);
    for elsewhere in [&other, &personal(app, &t.admin, &["service-accounts:write", "tasks:read"]).await] {
        let refused = make_account(app, elsewhere).await.expect(403);
        assert_eq!(refused.code(), "forbidden");
        assert!(!refused.text.contains(first.body["client_secret"].as_str().unwrap()));
    }
    // A new access token of the same session is the same credential.
    let pair = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).gives(200).await;
    let again = make_account(app, pair["access_token"].as_str().unwrap()).await.expect(201);
    assert_eq!((replayed(&again), &again.text), ("true", &first.text));
}

async fn restricted_token_gets_no_response_beyond_its_scopes(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "title": "Once" });
    let send = async |token: &str| keyed(app.post("/tasks"), token).json(&body).send().await;
    let first = send(&t.admin.token).await.expect(201);
    let narrow = personal(app, &t.admin, &["labels:write", "tasks:read"]).await;
    assert_eq!(send(&narrow).await.expect(403).code(), "insufficient_scope");
    // Another request with the key is refused for the scope, and not as a mismatch.
    let other = keyed(app.post("/tasks"), &narrow).json(&json!({ "title": "Twice" })).send().await;
    assert_eq!(other.expect(403).code(), "insufficient_scope");
    let wide = personal(app, &t.admin, &["tasks:write"]).await;
    assert_eq!(send(&wide).await.expect(201).text, first.text);
}

async fn demoted_admin_gets_no_stored_response(app: &App) {
    let t = app.tenant().await;
    let second = json!({ "email": format!("second@{}.example", t.slug), "username": "second", "password": "wide-green-rivers", "role": "admin" });
    let second = app.post("/users").by(&t.admin).json(&second).gives(201).await;
    let second = User {
        id: second["id"].as_str().unwrap().parse().unwrap(),
        email: second["email"].as_str().unwrap().to_owned(),
        ..t.admin.clone()
    };
    let (own, _) = second.sign_in(app).await;
    let invite = json!({ "email": "guest@guests.example", "role": "member" });
    let label = json!({ "name": "Bug" });
    let _ = make_account(app, &own).await.expect(201);
    let _ = keyed(app.post("/invitations"), &own).json(&invite).send().await.expect(201);
    let _ = keyed(app.post("/labels"), &own).json(&label).send().await.expect(201);
    let path = format!("/users/{}", second.id);
    app.patch(&path).by(&t.admin).json(&json!({ "role": "member" })).gives(200).await;
    // Tokens issued in the second of the demotion are revoked, too.
    app.clock.advance(std::time::Duration::from_secs(2));
    let (own, _) = second.sign_in(app).await;
    assert_eq!(make_account(app, &own).await.expect(403).code(), "forbidden");
    for (path, body) in [("/invitations", &invite), ("/labels", &label)] {
        let refused = keyed(app.post(path), &own).json(body).send().await.expect(403);
        assert_eq!((refused.code(), replayed(&refused)), ("forbidden", ""), "{path}");
    }
}

async fn response_about_an_invisible_row_is_not_replayed(app: &App) {
    let t = app.tenant().await;
    let (project, membership) = team_of(app, &t, &t.member).await;
    let body = json!({ "title": "Once", "project_id": project["id"], "assignee_id": t.member.id });
    let make = || keyed(app.post("/tasks"), &t.member.token).json(&body).send();
    let first = make().await.expect(201);
    let task = first.header("location").to_owned();
    let change = json!({ "title": "Twice" });
    let patch = || keyed(app.patch(&task), &t.member.token).json(&change).send();
    let _ = patch().await.expect(200);
    assert_eq!(replayed(&make().await.expect(201)), "true");
    app.delete(membership.as_str().unwrap()).by(&t.manager).gives(204).await;
    // In the project of a team, ownership and assignment alone do not grant visibility.
    if app.get(&task).by(&t.member).send().await.status == 404 {
        assert_eq!(make().await.expect(404).code(), "not_found");
        assert_eq!(patch().await.expect(404).code(), "not_found");
    }
    let comment = json!({ "body": "Done." });
    let of_a_stranger = keyed(app.post(&format!("{task}/comments")), &t.other.token).json(&comment);
    assert_eq!(of_a_stranger.send().await.expect(404).code(), "not_found");
}

async fn response_is_replayed_after_the_request_itself_ended_access(app: &App) {
    let t = app.tenant().await;
    // The assignee gives up the task and no longer sees it.
    let task = json!({ "title": "Theirs", "assignee_id": t.other.id });
    let task = app.post("/tasks").by(&t.member).json(&task).gives(201).await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let change = json!({ "assignee_id": null });
    let send = || keyed(app.patch(&path), &t.other.token).json(&change).send();
    let first = send().await.expect(200);
    app.get(&path).by(&t.other).gives(404).await;
    let again = send().await.expect(200);
    assert_eq!((replayed(&again), &again.text), ("true", &first.text));
}

async fn response_without_a_secret_is_replayed_to_other_sessions(app: &App) {
    let t = app.tenant().await;
    let (one, _) = t.admin.sign_in(app).await;
    let (two, _) = t.admin.sign_in(app).await;
    let user = json!({ "email": format!("new@{}.example", t.slug), "username": "new", "password": "wide-green-rivers", "role": "admin" });
    let send = async |token: &str| keyed(app.post("/users"), token).json(&user).send().await;
    let first = send(&one).await.expect(201);
    let again = send(&two).await.expect(201);
    assert_eq!((replayed(&again), &again.text), ("true", &first.text));
    // A replay does not give the rights of an admin to a restricted token, either.
    let narrow = personal(app, &t.admin, &["users:write"]).await;
    assert_eq!(send(&narrow).await.expect(403).code(), "insufficient_scope");
}

async fn logout_is_not_replayed_to_another_session(app: &App) {
    let t = app.tenant().await;
    let (one, _) = t.member.sign_in(app).await;
    let (two, _) = t.member.sign_in(app).await;
    let _ = keyed(app.post("/auth/logout"), &one).send().await.expect(204);
    assert_eq!(keyed(app.post("/auth/logout"), &two).send().await.expect(403).code(), "forbidden");
    app.post("/auth/logout").token(&two).gives(204).await;
}

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
