//! Restricted credentials cannot exceed their scopes, whatever the role of their owner. They end
//! with the rights of the user who granted them.

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, User, every_database};

every_database!(
    restricted_credential_cannot_create_a_more_powerful_one,
    personal_token_cannot_act_as_a_session,
    password_change_revokes_personal_tokens,
    invitation_is_valid_only_while_its_inviter_may_invite,
    author_who_lost_access_cannot_change_the_document,
);

async fn personal(app: &App, user: &User, scopes: &[&str]) -> String {
    let (session, _) = user.sign_in(app).await;
    let later = app.clock.now().plus(std::time::Duration::from_hours(24)).to_string();
    let body = json!({ "name": "script", "scopes": scopes, "expires_at": later });
    let made = app.post("/access-tokens").token(&session).json(&body).gives(201).await;
    made["token"].as_str().unwrap().to_owned()
}

async fn restricted_credential_cannot_create_a_more_powerful_one(app: &App) {
    let t = app.tenant().await;
    let service = t.service(app, &["users:read", "users:write", "invitations:read", "invitations:write"]);
    let script = personal(app, &t.admin, &["users:read", "users:write", "invitations:write"]).await;
    let new = |name: &str, role: &str| {
        let email = format!("{name}@{}.example", t.slug);
        json!({ "email": email, "username": name, "password": PASSWORD, "role": role })
    };
    for (number, token) in [service, script].iter().enumerate() {
        let refused = async |call: taskhub_tests::Call<'_>, body: Value| {
            let answer = call.token(token).json(&body).send().await.expect(403);
            assert_eq!(answer.code(), "insufficient_scope");
        };
        for role in ["manager", "admin"] {
            refused(app.post("/users"), new("intruder", role)).await;
            refused(app.patch(&format!("/users/{}", t.member.id)), json!({ "role": role })).await;
            let invitation = json!({ "email": "intruder@elsewhere.example", "role": role });
            refused(app.post("/invitations"), invitation).await;
        }
        let address = json!({ "email": "intruder@elsewhere.example" });
        refused(app.patch(&format!("/users/{}", t.admin.id)), address).await;
        refused(app.patch(&format!("/users/{}", t.manager.id)), json!({ "role": "member" })).await;
        let member = new(&format!("helper{number}"), "member");
        let _ = app.post("/users").token(token).json(&member).gives(201).await;
    }
}

async fn personal_token_cannot_act_as_a_session(app: &App) {
    let t = app.tenant().await;
    let (session, _) = t.admin.sign_in(app).await;
    let token = personal(app, &t.admin, &["sessions:write", "second-factor:write", "users:write"]).await;
    for path in ["/auth/sessions/end-others", "/auth/logout"] {
        assert_eq!(app.post(path).token(&token).send().await.expect(403).code(), "forbidden", "{path}");
    }
    let other = format!("/users/{}/second-factor", t.member.id);
    assert_eq!(app.delete(&other).token(&token).send().await.expect(403).code(), "forbidden");
    let _ = app.get("/auth/profile").token(&session).gives(200).await;
}

async fn password_change_revokes_personal_tokens(app: &App) {
    let t = app.tenant().await;
    let token = personal(app, &t.member, &["tasks:read"]).await;
    let _ = app.get("/tasks").token(&token).gives(200).await;
    let (session, _) = t.member.sign_in(app).await;
    let change = json!({ "old_password": PASSWORD, "new_password": "nine-quiet-lanterns" });
    let _ = app.post("/auth/change-password").token(&session).json(&change).gives(204).await;
    let _ = app.get("/tasks").token(&token).gives(401).await;
    let _ = app.get("/tasks").token(&session).gives(200).await;
}

async fn invitation_is_valid_only_while_its_inviter_may_invite(app: &App) {
    let t = app.tenant().await;
    let email = format!("guest@{}.example", t.slug);
    let made = app.post("/invitations").by(&t.manager).json(&json!({ "email": email })).gives(201).await;
    let token = app.mail_to(&email).await.token;
    let join = async |status: u16| {
        let user = json!({ "username": "guest", "password": PASSWORD });
        app.post("/auth/register").json(&json!({ "invitation": token, "user": user })).gives(status).await
    };
    let manager = format!("/users/{}", t.manager.id);
    let role = |role: &str| json!({ "role": role });
    let _ = app.patch(&manager).by(&t.admin).json(&role("member")).gives(200).await;
    assert_eq!(join(403).await["code"], "registration_closed");
    // A user who may no longer invite cannot resend it, either.
    app.clock.advance(std::time::Duration::from_secs(1));
    let (session, _) = t.manager.sign_in(app).await;
    let resend = format!("/invitations/{}/resend", made["id"].as_str().unwrap());
    let _ = app.post(&resend).token(&session).gives(403).await;
    let _ = app.patch(&manager).by(&t.admin).json(&role("manager")).gives(200).await;
    let _ = join(201).await;
}

async fn author_who_lost_access_cannot_change_the_document(app: &App) {
    let t = app.tenant().await;
    let team = app.post("/teams").by(&t.admin).json(&json!({ "name": "Design" })).gives(201).await;
    let team = format!("/teams/{}", team["id"].as_str().unwrap());
    let member = app.post(&format!("{team}/members")).by(&t.admin).json(&json!({ "user_id": t.member.id }));
    let membership = member.send().await.expect(201).header("location").to_owned();
    let project = json!({ "name": "Brand", "team_id": team.rsplit('/').next() });
    let project = app.post("/projects").by(&t.admin).json(&project).gives(201).await;
    let body = json!({ "title": "Colours", "project_id": project["id"], "content": "Blue." });
    let document = app.post("/documents").by(&t.member).json(&body).send().await.expect(201);
    let path = document.header("location");
    let _ = app.patch(path).by(&t.member).json(&json!({ "title": "All colours" })).gives(200).await;
    let _ = app.delete(&membership).by(&t.admin).gives(204).await;
    let _ = app.get(path).by(&t.member).gives(404).await;
    let _ = app.patch(path).by(&t.member).json(&json!({})).gives(404).await;
    let _ = app.delete(path).by(&t.member).gives(404).await;
}
