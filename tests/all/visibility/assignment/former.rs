//! A former member sees nothing of the team.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{Office, inbox};
use crate::feed::make;

every_database!(former_member_sees_nothing_of_the_team);

async fn former_member_sees_nothing_of_the_team(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let own = office.task(app, &t.member, &t.member, json!({ "title": "Quetzal" })).await;
    let done = office.task(app, &t.manager, &t.member, json!({ "title": "Quetzal", "status": "done" })).await;
    let (_, comment) = make(app, &t.member, &format!("{own}/comments"), json!({ "body": "Quetzal" })).await;
    let remind = json!({ "remind_at": app.clock.now().plus(std::time::Duration::from_hours(1)) });
    let (_, reminder) = make(app, &t.member, &format!("{own}/reminders"), remind).await;
    let attachment = app
        .post(&format!("{own}/attachments?name=plan.txt"))
        .by(&t.member)
        .body("application/octet-stream", "plan")
        .send()
        .await
        .expect(201);
    let attachment = attachment.header("location").to_owned();
    let body = json!({ "title": "Quetzal", "content": "Green.", "project_id": office.project });
    let (_, document) = make(app, &t.member, "/documents", body).await;
    assert_eq!(inbox(app, &t.member).await.len(), 1);
    office.leave(app, &t.admin).await;
    let places = [
        own.clone(),
        done.clone(),
        comment,
        reminder,
        document.clone(),
        format!("{document}/content"),
        attachment.clone(),
        format!("{attachment}/content"),
        format!("{own}/history"),
        format!("{own}/watchers"),
        format!("{own}/dependencies"),
        format!("/auth/permissions?noun=task&id={}", own.rsplit('/').next().unwrap()),
        office.project_path.clone(),
    ];
    for place in &places {
        let _ = app.get(place).by(&t.member).gives(404).await;
    }
    for change in [&own, &done, &document] {
        let _ = app.patch(change).by(&t.member).json(&json!({ "title": "Mine still" })).gives(404).await;
        let _ = app.delete(change).by(&t.member).gives(404).await;
    }
    for list in
        ["/tasks", "/tasks?assignee=me", "/tasks?owner=me", "/documents", "/notifications", "/tasks/deleted"]
    {
        assert_eq!(app.get(list).by(&t.member).gives(200).await["count"], 0, "{list}");
    }
    assert_eq!(app.get("/notifications/unread-count").by(&t.member).gives(200).await["count"], 0);
    let _ = app.post("/notifications/read-all").by(&t.member).gives(204).await;
    assert_eq!(app.get("/search?q=quetzal").by(&t.member).gives(200).await["results"], json!([]));
    let dashboard = app.get("/dashboard").by(&t.member).gives(200).await;
    assert_eq!((&dashboard["open"], &dashboard["recent"]), (&json!(0), &json!([])));
    let figures = app.get("/reports/individual").by(&t.member).gives(200).await;
    assert_eq!(
        (&figures["results"][0]["assigned"], &figures["results"][0]["completed"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(app.get("/reports/workload").by(&t.member).gives(200).await["results"], json!([]));
    // The user is still stored as the owner, and sees the task again after rejoining.
    assert_eq!(app.get(&own).by(&t.admin).gives(200).await["owner_id"], json!(t.member.id));
    let back = json!({ "user_id": t.member.id });
    let _ = make(app, &t.admin, &format!("{}/members", office.team_path), back).await;
    let _ = app.patch(&own).by(&t.member).json(&json!({ "title": "Mine again" })).gives(200).await;
    assert_eq!(inbox(app, &t.member).await.len(), 1);
}
