//! A stored response is replayed only to a caller who may still see it.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

use super::{keyed, make_account, personal, replayed};

every_database!(
    restricted_token_gets_no_response_beyond_its_scopes,
    demoted_admin_gets_no_stored_response,
    response_about_an_invisible_row_is_not_replayed,
    response_is_replayed_after_the_request_itself_ended_access,
);

async fn team_of(app: &App, t: &Tenant, member: &User) -> (Value, Value) {
    let team = app.post("/teams").by(&t.manager).json(&json!({ "name": "Design" })).gives(201).await;
    let members = format!("/teams/{}/members", team["id"].as_str().unwrap());
    let member = app.post(&members).by(&t.manager).json(&json!({ "user_id": member.id })).gives(201).await;
    let project = json!({ "name": "Relaunch", "team_id": team["id"] });
    let project = app.post("/projects").by(&t.manager).json(&project).gives(201).await;
    let path = json!(format!("{members}/{}", member["id"].as_str().unwrap()));
    (project, path)
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
