//! Scenario test of the time entries of a removed user.

use serde_json::json;
use taskhub_tests::{App, Tenant, every_database};

use super::{make, task, work};

every_database!(time_entries_stay_with_the_removed_user);

/// The entries keep the name of the removed user, and the timer is stopped. The user who takes over
/// the other rows gets no time entries.
async fn time_entries_stay_with_the_removed_user(app: &App) {
    let t: Tenant = app.tenant().await;
    let (project, _) = make(app, &t.admin, "/projects", json!({ "name": "Website" })).await;
    let (_, path) = task(app, &t.admin, Some(&project)).await;
    let worked = work(app, &t.member, &path, 60, 30).await;
    for user in [&t.member, &t.admin] {
        let _ = app.post(&format!("{path}/timer")).by(user).gives(201).await;
    }
    let (_, comment) = make(app, &t.member, &format!("{path}/comments"), json!({ "body": "Done." })).await;
    let before = app.get(&worked).by(&t.admin).gives(200).await;
    assert!(before.get("user_removed").is_none(), "{before}");
    let gone = format!("/users/{}", t.member.id);
    let _ = app.delete(&format!("{gone}?transfer_to={}", t.admin.id)).by(&t.admin).gives(204).await;
    let own = app.get("/time-entries?user=me").by(&t.admin).gives(200).await;
    assert_eq!(own["count"], 1);
    assert!(own["results"][0]["ended_at"].is_null());
    let theirs = app.get(&format!("/time-entries?user={}", t.member.id)).by(&t.admin).gives(200).await;
    assert_eq!(theirs["count"], 2);
    for entry in theirs["results"].as_array().unwrap() {
        assert_eq!(
            (&entry["user_removed"]["username"], entry["ended_at"].is_string()),
            (&json!("member"), true)
        );
    }
    let entry = app.get(&worked).by(&t.admin).gives(200).await;
    assert_eq!(
        (&entry["user_id"], &entry["user_removed"]["username"]),
        (&json!(t.member.id), &json!("member"))
    );
    // Comments, history, totals and reports keep the name, too.
    let said = app.get(&comment).by(&t.admin).gives(200).await;
    assert_eq!(
        (&said["author_id"], &said["author_removed"]["username"]),
        (&json!(t.member.id), &json!("member"))
    );
    let listed = app.get(&format!("{path}/comments?fields=author_removed")).by(&t.admin).gives(200).await;
    assert_eq!(listed["results"][0]["author_removed"]["username"], "member");
    let history = app.get(&format!("{comment}/history")).by(&t.admin).gives(200).await;
    let line = &history["results"][0];
    assert_eq!((&line["actor_name"], &line["actor_removed"]), (&json!("member"), &json!(true)));
    let totals = app.get("/time-entries/totals?by=user").by(&t.admin).gives(200).await;
    let total =
        totals["results"].as_array().unwrap().iter().find(|it| it["id"] == json!(t.member.id)).unwrap();
    assert_eq!(
        (&total["name"], &total["removed"], &total["seconds"]),
        (&json!("member"), &json!(true), &json!(1800))
    );
    let report = format!("/reports/individual?user={}", t.member.id);
    let line = app.get(&report).by(&t.admin).gives(200).await["results"][0].clone();
    assert_eq!(
        (&line["username"], &line["removed"], &line["tracked_seconds"]),
        (&json!("member"), &json!(true), &json!(1800))
    );
    // A token without the scope for users gets no names.
    let narrow = t.service(app, &["time-entries:read"]);
    assert!(
        app.get(&worked.replace(&path, "")).token(&narrow).gives(200).await.get("user_removed").is_none()
    );
    // A user who only has time entries can be removed without `transfer_to`.
    let _ = work(app, &t.other, &path, 50, 10).await;
    let _ = app.delete(&format!("/users/{}", t.other.id)).by(&t.admin).gives(204).await;
    let seconds = app.get("/time-entries/totals?by=project").by(&t.admin).gives(200).await["seconds"].clone();
    assert_eq!(seconds, json!(2400));
}
