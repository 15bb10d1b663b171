//! The histories of users and of the tenant.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

every_database!(history_of_a_user_is_visible_to_the_user_and_admins, tenant_has_a_history);

async fn history_of_a_user_is_visible_to_the_user_and_admins(app: &App) {
    let t = app.tenant().await;
    let path = format!("/users/{}", t.member.id);
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    let before = app.get(&path).by(&t.admin).gives(200).await;
    let change = json!({ "first_name": "Changed", "phone": "+49 40 1" });
    let _ = app.patch("/auth/profile").by(&t.member).json(&change).gives(200).await;
    let changes = format!("{path}/changes");
    for user in [&t.admin, &t.member] {
        let lines = app.get(&changes).by(user).gives(200).await;
        assert_eq!(lines["results"][0]["new_values"]["phone"], "+49 40 1");
        assert!(!lines.to_string().contains("argon2"), "{lines}");
    }
    let _ = app.get(&changes).by(&t.other).gives(403).await;
    let then = format!("{path}?as_of={was}");
    let full = app.get(&then).by(&t.admin).gives(200).await;
    assert_eq!((&full["first_name"], &full["phone"]), (&before["first_name"], &before["phone"]));
    let seen = app.get(&then).by(&t.other).gives(200).await;
    assert_eq!(
        (&seen["first_name"], seen.get("phone"), seen.get("email")),
        (&before["first_name"], None, None)
    );
}

async fn tenant_has_a_history(app: &App) {
    let t = app.tenant().await;
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    let _ = app.patch("/tenant").by(&t.admin).json(&json!({ "purge_after_days": 3 })).gives(200).await;
    // Refused requests are only in the audit, for admins.
    let _ = app.get("/audit").by(&t.member).gives(403).await;
    let lines = app.get("/tenant/history").by(&t.member).gives(200).await;
    let actions: Vec<_> = lines["results"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["update", "create"]);
    assert_eq!(lines["results"][0]["old_values"]["purge_after_days"], 30);
    let then = app.get(&format!("/tenant?as_of={was}")).by(&t.member).gives(200).await;
    assert_eq!(then["purge_after_days"], 30);
}
