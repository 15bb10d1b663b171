//! The directory hides private fields, and users change their own profile.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

every_database!(directory_hides_private_fields, users_read_and_change_their_own_profile);

async fn directory_hides_private_fields(app: &App) {
    let t = app.tenant().await;
    let _ = app
        .patch("/auth/profile")
        .by(&t.other)
        .json(&json!({ "phone": "12345", "address": "Elm St" }))
        .gives(200)
        .await;
    let path = format!("/users/{}", t.other.id);
    let private = ["email", "phone", "address", "date_of_birth", "time_zone", "locale", "last_login_at"];
    let seen = async |user| app.get(&path).by(user).gives(200).await;
    for (user, full) in [(&t.admin, true), (&t.other, true), (&t.manager, false), (&t.member, false)] {
        let shown = seen(user).await;
        assert_eq!(shown["username"], "other");
        for name in private {
            assert_eq!(shown.get(name).is_some(), full, "{name}");
        }
        let listed = app.get("/users?username=other").by(user).gives(200).await;
        assert_eq!(listed["results"], json!([shown]));
    }
    let u = app.tenant().await;
    let _ = app.get(&path).by(&u.admin).gives(404).await;
}

async fn users_read_and_change_their_own_profile(app: &App) {
    let t = app.tenant().await;
    let profile = app.get("/auth/profile").by(&t.member).gives(200).await;
    let mut user = app.get(&format!("/users/{}", t.member.id)).by(&t.admin).gives(200).await;
    user["mail_deliverable"] = json!(false);
    user["mail_undeliverable_reason"] = json!("email_unverified");
    assert_eq!(profile, user);
    let change = json!({ "first_name": "Mae", "locale": "en-GB", "address": "Elm Street 1\nSpringwood" });
    let changed = app.patch("/auth/profile").by(&t.member).json(&change).gives(200).await;
    assert_eq!((&changed["first_name"], &changed["version"]), (&json!("Mae"), &json!(2)));
    let replaced =
        app.put("/auth/profile").by(&t.member).json(&json!({ "last_name": "West" })).gives(200).await;
    assert_eq!((&replaced["first_name"], &replaced["last_name"]), (&json!(""), &json!("West")));
    assert_eq!((&replaced["address"], &replaced["email"]), (&Value::Null, &json!(t.member.email)));
    let mine = [
        "role",
        "is_active",
        "email",
        "username",
        "password",
        "password_hash",
        "id",
        "tenant_id",
        "last_login_at",
    ];
    for name in mine {
        let body = json!({ name: "admin" });
        let refused = app.patch("/auth/profile").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), format!("/{name}"));
    }
    for (body, pointer) in [
        (json!({ "date_of_birth": "1906-13-09" }), "/date_of_birth"),
        (json!({ "time_zone": "Europe London" }), "/time_zone"),
        (json!({ "phone": "1".repeat(33) }), "/phone"),
        (json!({ "first_name": null }), "/first_name"),
    ] {
        let refused = app.patch("/auth/profile").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), pointer);
    }
}
