//! A moved project, a changed role and a new manager clear assignments.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{Office, assignee, inbox};
use crate::feed::make;

every_database!(
    moving_a_project_clears_assignments_of_users_without_access,
    changed_role_or_manager_clears_assignments,
);

async fn moving_a_project_clears_assignments_of_users_without_access(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let (_, members) = (office.team.clone(), format!("{}/members", office.team_path));
    let _ = make(app, &t.admin, &members, json!({ "user_id": t.other.id })).await;
    let stays = office.task(app, &t.manager, &t.member, json!({})).await;
    let goes = office.task(app, &t.manager, &t.other, json!({})).await;
    let (print, path) =
        make(app, &t.admin, "/teams", json!({ "name": "Print", "manager_id": t.admin.id })).await;
    let _ = make(app, &t.admin, &format!("{path}/members"), json!({ "user_id": t.member.id })).await;
    let _ = app.patch(&office.project_path).by(&t.admin).json(&json!({ "team_id": print })).gives(200).await;
    assert_eq!(assignee(app, &t, &stays).await, json!(t.member.id));
    assert_eq!(assignee(app, &t, &goes).await, Value::Null);
    assert_eq!(inbox(app, &t.manager).await.len(), 1);
    // The same holds for a project that gets its first team.
    let (website, place) =
        make(app, &t.manager, "/projects", json!({ "name": "Website", "manager_id": t.manager.id })).await;
    let body = json!({ "title": "Write it", "project_id": website, "assignee_id": t.other.id });
    let (_, task) = make(app, &t.member, "/tasks", body).await;
    let _ = app.patch(&place).by(&t.admin).json(&json!({ "team_id": print })).gives(200).await;
    assert_eq!(assignee(app, &t, &task).await, Value::Null);
}

async fn changed_role_or_manager_clears_assignments(app: &App) {
    let t = app.tenant().await;
    let office = Office::new(app, &t).await;
    let path = format!("/users/{}", t.other.id);
    let role =
        async |role: &str| app.patch(&path).by(&t.admin).json(&json!({ "role": role })).gives(200).await;
    let _ = role("admin").await;
    let as_admin = office.task(app, &t.manager, &t.other, json!({})).await;
    let _ = role("member").await;
    assert_eq!(assignee(app, &t, &as_admin).await, Value::Null);
    let lead = json!({ "manager_id": t.other.id });
    for place in [&office.project_path, &office.team_path] {
        let _ = app.patch(place).by(&t.admin).json(&lead).gives(200).await;
        let task = office.task(app, &t.admin, &t.other, json!({})).await;
        let back = json!({ "manager_id": t.manager.id });
        let _ = app.patch(place).by(&t.admin).json(&back).gives(200).await;
        assert_eq!(assignee(app, &t, &task).await, Value::Null, "{place}");
    }
    // Replacing the user of a membership removes a member, too.
    let task = office.task(app, &t.admin, &t.member, json!({})).await;
    let instead = json!({ "user_id": t.other.id });
    let _ = app.patch(&office.membership).by(&t.admin).json(&instead).gives(200).await;
    assert_eq!(assignee(app, &t, &task).await, Value::Null);
}
