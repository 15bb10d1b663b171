//! A removed member loses access, and open assignments are cleared or transferred.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{Office, assignee, inbox};
use crate::feed::make;

every_database!(
    removing_a_member_clears_open_assignments_and_notifies_the_manager,
    removing_a_member_transfers_open_assignments,
    transferred_task_is_assigned_only_if_the_new_owner_sees_it,
);

async fn removing_a_member_clears_open_assignments_and_notifies_the_manager(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let open = office.task(app, &t.manager, &t.member, json!({})).await;
    let done = office.task(app, &t.manager, &t.member, json!({ "status": "done" })).await;
    let deleted = office.task(app, &t.manager, &t.member, json!({})).await;
    let _ = app.delete(&deleted).by(&t.manager).gives(204).await;
    let (_, personal) =
        make(app, &t.member, "/tasks", json!({ "title": "My own", "assignee_id": t.member.id })).await;
    office.leave(app, &t.admin).await;
    assert_eq!(assignee(app, &t, &open).await, Value::Null);
    let _ = app.post(&format!("{deleted}/restore")).by(&t.manager).gives(200).await;
    assert_eq!(assignee(app, &t, &deleted).await, Value::Null);
    // A completed task keeps its assignee, and loses the assignee when it is reopened.
    assert_eq!(assignee(app, &t, &done).await, json!(t.member.id));
    let todo = json!({ "status": "todo" });
    assert_eq!(
        app.patch(&done).by(&t.manager).json(&todo).send().await.expect(422).pointer(),
        "/assignee_id"
    );
    assert_eq!(
        app.post(&format!("{done}/reopen")).by(&t.manager).gives(200).await["assignee_id"],
        Value::Null
    );
    assert_eq!(assignee(app, &t, &personal).await, json!(t.member.id));
    let told = inbox(app, &t.manager).await;
    assert_eq!(told, [json!("member can no longer see “Brand”: 2 open tasks have no assignee now.")]);
    let line = app.get("/notifications").by(&t.manager).gives(200).await["results"][0].clone();
    assert_eq!(
        (&line["noun"], &line["row_id"], &line["kind"]),
        (&json!("project"), &office.project, &json!("assigned"))
    );
    let audit = app.get("/audit?action=unassign").by(&t.admin).gives(200).await;
    assert_eq!((&audit["count"], &audit["results"][0]["actor_id"]), (&json!(2), &json!(t.admin.id)));
}

async fn removing_a_member_transfers_open_assignments(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let office = Office::new(app, &t).await;
    let open = office.task(app, &t.manager, &t.member, json!({})).await;
    let done = office.task(app, &t.manager, &t.member, json!({ "status": "done" })).await;
    let to = |heir: uuid::Uuid| format!("{}?transfer_to={heir}", office.membership);
    let refused = async |heir: uuid::Uuid| {
        let answer = app.delete(&to(heir)).by(&t.admin).send().await.expect(400);
        assert_eq!(answer.pointer(), "transfer_to");
        answer.body["errors"].clone()
    };
    let nobody = refused(uuid::Uuid::from_u128(7)).await;
    for heir in [u.member.id, t.other.id, t.member.id] {
        assert_eq!(refused(heir).await, nobody);
    }
    let narrow = t.service(app, &["teams:read", "teams:write"]);
    let _ = app.delete(&to(t.manager.id)).token(&narrow).gives(403).await;
    let _ = app.delete(&to(t.manager.id)).by(&t.admin).header("if-match", "\"9\"").gives(412).await;
    let _ = app.delete(&to(t.manager.id)).by(&t.other).gives(404).await;
    assert_eq!(assignee(app, &t, &open).await, json!(t.member.id));
    let _ = app.delete(&to(t.manager.id)).by(&t.admin).gives(204).await;
    assert_eq!(assignee(app, &t, &open).await, json!(t.manager.id));
    assert_eq!(assignee(app, &t, &done).await, json!(t.member.id));
    assert!(inbox(app, &t.manager).await.is_empty());
    assert_eq!(app.get("/audit?action=hand_over").by(&t.admin).gives(200).await["count"], 1);
}

/// A user who takes over the rows of a removed user is not assigned tasks that they do not see.
async fn transferred_task_is_assigned_only_if_the_new_owner_sees_it(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let task = office.task(app, &t.member, &t.member, json!({})).await;
    let remove = format!("/users/{}", t.member.id);
    let in_use = app.delete(&remove).by(&t.admin).send().await.expect(409);
    assert_eq!(in_use.code(), "in_use");
    assert!(in_use.body["detail"].as_str().unwrap().contains("transfer_to"), "{}", in_use.text);
    let _ = app.delete(&format!("{remove}?transfer_to={}", t.other.id)).by(&t.admin).gives(204).await;
    let row = app.get(&task).by(&t.admin).gives(200).await;
    assert_eq!((&row["owner_id"], &row["assignee_id"]), (&json!(t.other.id), &Value::Null));
    let _ = app.get(&task).by(&t.other).gives(404).await;
    let told = inbox(app, &t.manager).await;
    assert_eq!(told, [json!("other can no longer see “Brand”: 1 open task has no assignee now.")]);
}
