//! Scenario tests of the settings of a tenant.

use serde_json::json;
use taskhub_tests::{App, every_database};

every_database!(only_admins_change_the_settings, unknown_or_invalid_setting_is_rejected_with_422);

async fn only_admins_change_the_settings(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let before = app.get("/tenant").by(&t.member).gives(200).await;
    assert_eq!((&before["id"], &before["slug"]), (&json!(t.id), &json!(t.slug)));
    assert_eq!((&before["time_zone"], &before["locale"]), (&json!("UTC"), &json!("en")));
    let change = json!({ "name": " Acme ", "time_zone": "Europe/Berlin", "locale": "de-DE" });
    for user in [&t.manager, &t.member] {
        let _ = app.patch("/tenant").by(user).json(&change).gives(403).await;
        let _ = app.put("/tenant").by(user).json(&change).gives(403).await;
    }
    let changed = app.patch("/tenant").by(&t.admin).json(&change).gives(200).await;
    assert_eq!((&changed["name"], &changed["time_zone"]), (&json!("Acme"), &json!("Europe/Berlin")));
    let replaced = app.put("/tenant").by(&t.admin).json(&json!({ "name": "Acme" })).gives(200).await;
    assert_eq!((&replaced["time_zone"], &replaced["version"]), (&json!("UTC"), &json!(3)));
    assert_eq!(app.get("/tenant").by(&t.member).gives(200).await, replaced);
    assert_eq!(app.get("/tenant").by(&u.member).gives(200).await["name"], json!(u.slug));
    let audit = app.get("/audit?noun=tenant&action=create,update&sort=at").by(&t.admin).gives(200).await;
    assert_eq!((&audit["count"], &audit["results"][1]["new_values"]["name"]), (&json!(3), &json!("Acme")));
}

async fn unknown_or_invalid_setting_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let wrong = [
        (json!({ "slug": "another" }), "/slug"),
        (json!({ "is_active": false }), "/is_active"),
        (json!({ "id": t.id }), "/id"),
        (json!({ "name": "" }), "/name"),
        (json!({ "name": null }), "/name"),
        (json!({ "time_zone": "Europe Berlin" }), "/time_zone"),
        (json!({ "locale": "e" }), "/locale"),
        (json!({ "require_if_match": "yes" }), "/require_if_match"),
    ];
    for (body, pointer) in wrong {
        let refused = app.patch("/tenant").by(&t.admin).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), pointer, "{body}");
    }
    assert_eq!(app.get("/tenant").by(&t.admin).gives(200).await["version"], 1);
}
