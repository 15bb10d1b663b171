//! An assignee must see the task, and must be active.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::Office;
use crate::feed::make;

every_database!(assignee_must_see_the_task, deactivated_user_cannot_be_assigned);

async fn assignee_must_see_the_task(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let to_other = json!({ "assignee_id": t.other.id });
    let new = json!({ "title": "Draw it", "project_id": office.project, "assignee_id": t.other.id });
    let refused = app.post("/tasks").by(&t.manager).json(&new).send().await.expect(422);
    assert_eq!(
        (refused.pointer(), &refused.body["errors"][0]["code"]),
        ("/assignee_id", &json!("invalid_value"))
    );
    let task = office.task(app, &t.manager, &t.member, json!({})).await;
    let refused = app.patch(&task).by(&t.manager).json(&to_other).send().await.expect(422);
    assert_eq!(refused.pointer(), "/assignee_id");
    let bulk = json!({ "operations": [{ "action": "create", "body": new }] });
    let refused = app.post("/tasks/bulk").by(&t.manager).json(&bulk).send().await.expect(422);
    assert_eq!(refused.pointer(), "/operations/0/body/assignee_id");
    // A task cannot be moved to a place that its assignee does not see, neither alone nor with its
    // parent.
    let loose = async |body: Value| make(app, &t.manager, "/tasks", body).await;
    let (_, personal) = loose(json!({ "title": "Loose", "assignee_id": t.other.id })).await;
    let (whole, whole_path) = loose(json!({ "title": "Whole" })).await;
    let _ = loose(json!({ "title": "Part", "parent_id": whole, "assignee_id": t.other.id })).await;
    let there = json!({ "project_id": office.project });
    for path in [&personal, &whole_path] {
        let refused = app.patch(path).by(&t.admin).json(&there).send().await.expect(422);
        assert_eq!(refused.pointer(), "/assignee_id");
        let refused = app.post(&format!("{path}/move")).by(&t.admin).json(&there).send().await.expect(422);
        assert_eq!(refused.pointer(), "/assignee_id");
    }
    let both = json!({ "project_id": office.project, "assignee_id": t.member.id });
    let _ = app.patch(&personal).by(&t.admin).json(&both).gives(200).await;
    // Admins and the manager of the project see the task without being in the team. All users see a
    // project without a team.
    for user in [&t.admin, &t.manager] {
        let _ = app.patch(&task).by(&t.manager).json(&json!({ "assignee_id": user.id })).gives(200).await;
    }
    let (open, _) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let _ = loose(json!({ "title": "Shared", "project_id": open, "assignee_id": t.other.id })).await;
}

async fn deactivated_user_cannot_be_assigned(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let (client, _) = make(app, &t.admin, "/clients", json!({ "name": "Harbour Bakery" })).await;
    let (kind, _) = make(app, &t.admin, "/request-types", json!({ "name": "Repair" })).await;
    let (_, task) = make(app, &t.admin, "/tasks", json!({ "title": "Write it" })).await;
    let _ = app.post(&format!("/users/{}/deactivate", t.other.id)).by(&t.admin).gives(200).await;
    let id = t.other.id;
    let request =
        json!({ "client_id": client, "type_id": kind, "title": "The oven is cold", "assignee_id": id });
    for (path, body, pointer) in [
        ("/tasks".to_owned(), json!({ "title": "Write it", "assignee_id": id }), "/assignee_id"),
        ("/requests".to_owned(), request, "/assignee_id"),
        ("/projects".to_owned(), json!({ "name": "Website", "manager_id": id }), "/manager_id"),
        ("/teams".to_owned(), json!({ "name": "Print", "manager_id": id }), "/manager_id"),
        (format!("{}/members", office.team_path), json!({ "user_id": id }), "/user_id"),
        (format!("{task}/watchers"), json!({ "user_id": id }), "/user_id"),
    ] {
        let refused = app.post(&path).by(&t.admin).json(&body).send().await.expect(422);
        assert_eq!(
            (refused.pointer(), &refused.body["errors"][0]["code"]),
            (pointer, &json!("invalid_value")),
            "{path}"
        );
    }
}
