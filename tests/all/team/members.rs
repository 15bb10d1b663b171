//! Joining and leaving a team, and moving a project to another team.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{join, make, team};

every_database!(
    joining_and_leaving_a_team_take_effect_at_once,
    moving_a_project_requires_rights_in_both_teams,
);

async fn joining_and_leaving_a_team_take_effect_at_once(app: &App) {
    let t = app.tenant().await;
    let (id, path) = team(app, &t, "Design", &t.manager).await;
    let (_, project) = make(app, &t.manager, "/projects", json!({ "name": "Brand", "team_id": id })).await;
    for _ in 0..2 {
        let _ = app.get(&project).by(&t.other).gives(404).await;
        let membership = join(app, &t.manager, &path, &t.other).await;
        let _ = app.get(&project).by(&t.other).gives(200).await;
        let _ = app.delete(&membership).by(&t.manager).gives(204).await;
    }
    let _ = app.get(&project).by(&t.other).gives(404).await;
    // A manager who hands over the team no longer sees it, unless the manager is also a member.
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "manager_id": t.other.id })).gives(200).await;
    let _ = app.get(&path).by(&t.manager).gives(404).await;
    let _ = app.patch(&project).by(&t.other).json(&json!({ "name": "New brand" })).gives(200).await;
}

async fn moving_a_project_requires_rights_in_both_teams(app: &App) {
    let t = app.tenant().await;
    let (one, _) = team(app, &t, "One", &t.manager).await;
    let (two, two_path) = team(app, &t, "Two", &t.other).await;
    let _ = join(app, &t.admin, &two_path, &t.manager).await;
    let (_, project) = make(
        app,
        &t.admin,
        "/projects",
        json!({ "name": "Brand", "team_id": one, "manager_id": t.admin.id }),
    )
    .await;
    let place = |team: Value| json!({ "team_id": team });
    // The manager of the first team can take the project out of it, but cannot put it into a team
    // of another manager.
    let _ = app.patch(&project).by(&t.manager).json(&place(two.clone())).gives(403).await;
    let _ = app.patch(&project).by(&t.other).json(&place(two.clone())).gives(404).await;
    let _ = app.patch(&project).by(&t.manager).json(&place(Value::Null)).gives(200).await;
    // A member who manages the second team cannot move an open project into it.
    let _ = app.patch(&project).by(&t.other).json(&place(two.clone())).gives(403).await;
    let _ = app.patch(&project).by(&t.admin).json(&place(two.clone())).gives(200).await;
    // The member manages the project now, but cannot make it open: that requires the role manager.
    let _ = app.patch(&project).by(&t.other).json(&json!({ "name": "Ours" })).gives(200).await;
    let _ = app.patch(&project).by(&t.other).json(&place(Value::Null)).gives(403).await;
    let _ = app.patch(&project).by(&t.other).json(&place(one)).send().await.expect(422);
    // A manager who is only a member of the team cannot change its project.
    let _ = app.patch(&project).by(&t.manager).json(&json!({ "name": "Mine" })).gives(403).await;
}
