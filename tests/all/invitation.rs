//! Scenario tests of invitations: permissions, visibility, sending again and revoking.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, PASSWORD, User, every_database};

every_database!(
    managers_invite_members_and_admins_invite_any_role,
    address_has_at_most_one_open_invitation,
    resending_an_invitation_invalidates_the_old_token,
    revoked_invitation_is_refused,
    users_see_their_own_invitations_and_admins_see_all,
    invitation_is_refused_while_mail_is_off,
    undeliverable_address_is_rejected_with_422,
    names_in_an_invitation_are_not_rendered_as_links,
);

async fn invite(app: &App, by: &User, email: &str, role: &str, status: u16) -> Value {
    let body = json!({ "email": email, "role": role });
    app.post("/invitations").by(by).json(&body).gives(status).await
}

/// Registers with the token. Returns the status.
async fn join(app: &App, token: &str, name: &str) -> u16 {
    let user = json!({ "username": name, "password": PASSWORD });
    app.post("/auth/register").json(&json!({ "invitation": token, "user": user })).send().await.status
}

fn id(invitation: &Value) -> &str {
    invitation["id"].as_str().unwrap()
}

async fn managers_invite_members_and_admins_invite_any_role(app: &App) {
    let t = app.tenant().await;
    let email = |name: &str| format!("{name}@{}.example", t.slug);
    for role in ["manager", "admin"] {
        let _ = invite(app, &t.manager, &email("m"), role, 403).await;
    }
    let made = invite(app, &t.manager, &email("m"), "member", 201).await;
    assert_eq!((&made["role"], &made["invited_by"]), (&json!("member"), &json!(t.manager.id)));
    assert!(!made.to_string().contains("thi_") && made.get("token_hash").is_none(), "{made}");
    let mail = app.mail_to(&email("m")).await;
    assert!(mail.text.contains("manager invites you to join"), "{}", mail.text);
    let _ = invite(app, &t.member, &email("n"), "member", 403).await;
    let made = invite(app, &t.admin, &email("boss"), "admin", 201).await;
    // A manager cannot resend an invitation from an admin.
    let _ = app.post(&format!("/invitations/{}/resend", id(&made))).by(&t.manager).gives(404).await;
    let demoted = json!({ "role": "manager" });
    let second =
        json!({ "email": email("second"), "username": "second", "password": PASSWORD, "role": "admin" });
    let second = app.post("/users").by(&t.admin).json(&second).gives(201).await;
    let signed = json!({ "email": email("second"), "password": PASSWORD });
    let token = async || {
        let pair = app.post("/auth/token").json(&signed).gives(200).await;
        pair["access_token"].as_str().unwrap().to_owned()
    };
    let body = json!({ "email": email("heir"), "role": "admin" });
    let heir = app.post("/invitations").token(&token().await).json(&body).gives(201).await;
    let path = format!("/users/{}", second["id"].as_str().unwrap());
    let _ = app.patch(&path).by(&t.admin).json(&demoted).gives(200).await;
    // A token issued in the millisecond of the revocation is revoked, too.
    app.clock.advance(Duration::from_secs(1));
    let resend = format!("/invitations/{}/resend", id(&heir));
    let _ = app.post(&resend).token(&token().await).gives(403).await;
}

async fn address_has_at_most_one_open_invitation(app: &App) {
    let t = app.tenant().await;
    let email = format!("grace@{}.example", t.slug);
    let bodies = (0..6).map(|_| {
        let body = json!({ "email": email });
        app.post("/invitations").by(&t.admin).json(&body).send()
    });
    let answers = futures::future::join_all(bodies).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
    assert_eq!((refused.pointer(), &refused.body["errors"][0]["code"]), ("/email", &json!("taken")));
    let first = answers.iter().find(|answer| answer.status == 201).unwrap();
    // After its expiry another invitation is possible, and the expired one can no longer be resent.
    app.clock.advance(Duration::from_hours(7 * 24));
    let admin = t.admin.sign_in(app).await.0;
    let body = json!({ "email": email.to_uppercase() });
    let _ = app.post("/invitations").token(&admin).json(&body).gives(201).await;
    let resend = format!("/invitations/{}/resend", id(&first.body));
    let _ = app.post(&resend).token(&admin).gives(409).await;
    // A tenant with closed registration cannot invite.
    let _ = app.patch("/tenant").token(&admin).json(&json!({ "registration": "closed" })).gives(200).await;
    let other = json!({ "email": format!("other@{}.example", t.slug) });
    let _ = app.post("/invitations").token(&admin).json(&other).gives(409).await;
}

async fn resending_an_invitation_invalidates_the_old_token(app: &App) {
    let t = app.tenant().await;
    let email = format!("grace@{}.example", t.slug);
    let made = invite(app, &t.admin, &email, "member", 201).await;
    let old = app.mail_to(&email).await.token;
    app.clock.advance(Duration::from_hours(7 * 24));
    let path = format!("/invitations/{}", id(&made));
    let admin = t.admin.sign_in(app).await.0;
    let resend = app.post(&format!("{path}/resend")).token(&admin).header("if-match", "\"2\"");
    let _ = resend.gives(412).await;
    let again =
        app.post(&format!("{path}/resend")).token(&admin).header("if-match", "\"1\"").gives(200).await;
    assert!(again["expires_at"].as_str() > made["expires_at"].as_str());
    let new = app.mail_to(&email).await.token;
    assert_eq!((join(app, &old, "grace").await, join(app, &new, "grace").await), (403, 201));
    let _ = app.post(&format!("{path}/resend")).token(&admin).gives(409).await;
}

async fn revoked_invitation_is_refused(app: &App) {
    let t = app.tenant().await;
    let email = format!("grace@{}.example", t.slug);
    let made = invite(app, &t.manager, &email, "member", 201).await;
    let token = app.mail_to(&email).await.token;
    let path = format!("/invitations/{}", id(&made));
    let _ = app.delete(&path).by(&t.member).gives(404).await;
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    assert_eq!(join(app, &token, "grace").await, 403);
}

async fn users_see_their_own_invitations_and_admins_see_all(app: &App) {
    let (t, stranger) = (app.tenant().await, app.tenant().await);
    let email = |name: &str| format!("{name}@{}.example", t.slug);
    let by_admin = invite(app, &t.admin, &email("a"), "member", 201).await;
    let by_manager = invite(app, &t.manager, &email("b"), "member", 201).await;
    let seen = async |user: &User, query: &str| {
        let list = app.get(&format!("/invitations?sort=email{query}")).by(user).gives(200).await;
        let results = list["results"].as_array().unwrap().clone();
        results.iter().map(|row| id(row).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(seen(&t.admin, "").await, [id(&by_admin), id(&by_manager)]);
    assert_eq!(seen(&t.manager, "").await, [id(&by_manager)]);
    assert_eq!(seen(&t.admin, &format!("&email={}", email("b"))).await, [id(&by_manager)]);
    assert!(seen(&t.member, "").await.is_empty() && seen(&stranger.admin, "").await.is_empty());
    let _ = app.get(&format!("/invitations/{}", id(&by_admin))).by(&t.manager).gives(404).await;
}

async fn invitation_is_refused_while_mail_is_off(app: &App) {
    let t = app.tenant().await;
    let silent = app.second(&["--mail", "off"]).await;
    let body = json!({ "email": format!("grace@{}.example", t.slug) });
    let refused = silent.post("/invitations").by(&t.admin).json(&body).send().await.expect(409);
    assert!(refused.text.contains("sends no email"), "{}", refused.text);
    let _ = silent.post("/invitations").by(&t.member).json(&body).gives(403).await;
    silent.finish().await;
}

async fn undeliverable_address_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    for email in ["a@localhost", "a@printer.local", "a@acme.invalid", "a@127.0.0.1", "a@acme"] {
        let refused = app.post("/invitations").by(&t.admin).json(&json!({ "email": email })).send().await;
        assert_eq!(refused.expect(422).pointer(), "/email", "{email}");
        let user = json!({ "email": email, "username": "grace", "password": PASSWORD });
        let refused = app.post("/users").by(&t.admin).json(&user).send().await.expect(422);
        assert_eq!(refused.pointer(), "/email", "{email}");
        let body = json!({ "organisation": { "name": "Acme" }, "user": user });
        let refused = app.post("/auth/register").json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), "/user/email", "{email}");
        let path = format!("/users/{}", t.member.id);
        let refused = app.patch(&path).by(&t.admin).json(&json!({ "email": email })).send().await.expect(422);
        assert_eq!(refused.pointer(), "/email", "{email}");
    }
    let list = app.get("/invitations").by(&t.admin).gives(200).await;
    assert_eq!(list["count"], 0);
}

async fn names_in_an_invitation_are_not_rendered_as_links(app: &App) {
    let t = app.tenant().await;
    let name = json!({ "name": "Win at https://evil.example/now" });
    let _ = app.patch("/tenant").by(&t.admin).json(&name).gives(200).await;
    let name = json!({ "first_name": "www.evil.example", "last_name": "me@evil.example" });
    let _ = app.patch("/auth/profile").by(&t.admin).json(&name).gives(200).await;
    let email = format!("grace@{}.example", t.slug);
    let _ = invite(app, &t.admin, &email, "member", 201).await;
    let mail = app.mail_to(&email).await;
    for part in [&mail.subject, &mail.text, &mail.html] {
        assert!(part.contains("Win at https //evil example/now"), "{part}");
        assert!(!part.contains("evil.example") && !part.contains("me@evil"), "{part}");
    }
}
