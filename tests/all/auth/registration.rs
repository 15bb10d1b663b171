//! Registering an organisation: open, by invitation, and closed.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

every_database!(
    registration_creates_an_organisation_with_its_admin,
    invalid_registration_is_rejected_and_stores_nothing,
    registration_invitation_is_single_use,
    closed_installation_refuses_registration_with_403,
);

const PASSWORD: &str = "wide-green-rivers";

/// A registration with a unique slug.
fn registration(slug: &str) -> Value {
    json!({
        "organisation": { "name": "Acme Ltd", "slug": slug },
        "user": { "email": format!("Ada@{slug}.Example"), "username": "Ada", "password": PASSWORD },
    })
}

fn fresh(app: &App) -> String {
    format!("r{}", app.clock.now().token_id().simple())
}

async fn registration_creates_an_organisation_with_its_admin(app: &App) {
    let slug = fresh(app);
    let made = app.post("/auth/register").json(&registration(&slug)).send().await.expect(201);
    let (tenant, user) = (&made.body["tenant"], &made.body["user"]);
    assert_eq!((&tenant["slug"], &tenant["is_active"]), (&json!(slug), &json!(true)));
    assert_eq!(user["email"], json!(format!("ada@{slug}.example")));
    assert_eq!((&user["username"], &user["role"]), (&json!("ada"), &json!("admin")));
    assert_eq!(made.header("location"), format!("/api/v1/users/{}", user["id"].as_str().unwrap()));
    assert!(!made.text.contains(PASSWORD) && !made.text.contains("password_hash"), "{}", made.text);
    let signed = json!({ "username": "ada", "tenant": slug, "password": PASSWORD });
    let pair = app.post("/auth/token").json(&signed).gives(200).await;
    let token = pair["access_token"].as_str().unwrap();
    assert_eq!(app.get("/tenant").token(token).gives(200).await, *tenant);
    assert_eq!(app.get("/auth/profile").token(token).gives(200).await["id"], user["id"]);
    // The audit names the system as the actor of both.
    let audit = app.get("/audit?noun=tenant").token(token).gives(200).await;
    assert_eq!(audit["results"][0]["actor_kind"], "system");
}

async fn invalid_registration_is_rejected_and_stores_nothing(app: &App) {
    let slug = fresh(app);
    let _ = app.post("/auth/register").json(&registration(&slug)).gives(201).await;
    let taken = app.post("/auth/register").json(&registration(&slug)).send().await.expect(409);
    assert_eq!((taken.pointer(), &taken.body["errors"][0]["code"]), ("/organisation/slug", &json!("taken")));
    let wrong = [
        ("/user/password", json!("short"), "/user/password"),
        ("/user/password", json!("password123"), "/user/password"),
        ("/user/username", json!("ab"), "/user/username"),
        ("/user/email", json!("nobody"), "/user/email"),
        ("/user/first_name", json!("Ada\nLovelace"), "/user/first_name"),
        ("/user/role", json!("admin"), "/user/role"),
        ("/organisation/slug", json!("Not A Slug!"), "/organisation/slug"),
        ("/organisation/name", json!("  "), "/organisation/name"),
        ("/organisation/is_active", json!(true), "/organisation/is_active"),
        ("/organisation", json!([]), "/organisation"),
    ];
    for (at, value, pointer) in wrong {
        let mut body = registration(&fresh(app));
        let (parent, name) = at.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        let refused = app.post("/auth/register").json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), pointer, "{}", refused.text);
    }
    // If no slug can be made from the name, the slug is required.
    let mut body = registration("");
    body["organisation"]["name"] = json!("日本");
    body["user"]["email"] = json!("ada@nippon.example");
    let refused = app.post("/auth/register").json(&body).send().await.expect(422);
    assert_eq!(
        (refused.pointer(), &refused.body["errors"][0]["code"]),
        ("/organisation/slug", &json!("required"))
    );
}

async fn registration_invitation_is_single_use(app: &App) {
    let invited = app.second(&["--registration", "invitation"]).await;
    let invitation = || crate::operator::invite(&invited, Duration::from_hours(1));
    let register = async |slug: &str, invitation: Option<&str>| {
        let mut body = registration(slug);
        if let Some(invitation) = invitation {
            body["invitation"] = json!(invitation);
        }
        invited.post("/auth/register").json(&body).send().await
    };
    assert_eq!(register(&fresh(app), None).await.expect(403).code(), "registration_closed");
    assert_eq!(register(&fresh(app), Some("made-up")).await.expect(403).code(), "registration_closed");
    let (first, slug) = (invitation().await, fresh(app));
    let _ = register(&slug, Some(&first)).await.expect(201);
    let _ = register(&fresh(app), Some(&first)).await.expect(403);
    // A failed registration does not consume the invitation.
    let second = invitation().await;
    let _ = register(&slug, Some(&second)).await.expect(409);
    let _ = register(&fresh(app), Some(&second)).await.expect(201);
    // Of two concurrent registrations one succeeds.
    let third = invitation().await;
    let (a, b) = (fresh(app), fresh(app));
    let (a, b) = futures::join!(register(&a, Some(&third)), register(&b, Some(&third)));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403]);
    let late = invitation().await;
    invited.clock.advance(Duration::from_hours(1));
    let _ = register(&fresh(app), Some(&late)).await.expect(403);
    invited.finish().await;
}

async fn closed_installation_refuses_registration_with_403(app: &App) {
    let closed = app.second(&["--registration", "closed"]).await;
    let refused = closed.post("/auth/register").json(&registration(&fresh(app))).send().await.expect(403);
    assert_eq!(refused.code(), "registration_closed");
    closed.finish().await;
}
