//! Creating, changing and deleting teams, and invalid ones.

use serde_json::json;
use taskhub_tests::{App, User, every_database};

use super::{join, make, team};

every_database!(
    team_is_created_changed_and_deleted,
    managers_create_teams_and_manage_their_own,
    team_in_use_cannot_be_deleted,
    invalid_team_is_rejected,
);

async fn team_is_created_changed_and_deleted(app: &App) {
    let t = app.tenant().await;
    let body = json!({ "name": " Design ", "description": "Who draw.", "goals": "One look." });
    let made = app.post("/teams").by(&t.manager).json(&body).send().await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!((&made.body["name"], &made.body["manager_id"]), (&json!("Design"), &json!(t.manager.id)));
    let body = json!({ "user_id": t.member.id, "role": "Illustrator" });
    let member = app.post(&format!("{path}/members")).by(&t.manager).json(&body).send().await.expect(201);
    let membership = member.header("location").to_owned();
    assert!(membership.starts_with(&format!("{path}/members/")), "{membership}");
    assert_eq!(app.get(&membership).by(&t.member).gives(200).await, member.body);
    let twice = app.post(&format!("{path}/members")).by(&t.manager).json(&body).send().await.expect(409);
    assert_eq!((twice.code(), twice.pointer()), ("conflict", "/user_id"));
    let changed = app.patch(&membership).by(&t.manager).json(&json!({ "role": "Lead" })).gives(200).await;
    assert_eq!((&changed["role"], &changed["version"]), (&json!("Lead"), &json!(2)));
    // Members see the members of their team and cannot change the team.
    let listed = app.get(&format!("{path}/members")).by(&t.member).gives(200).await;
    assert_eq!(listed["results"], json!([changed]));
    let _ = app.patch(&path).by(&t.member).json(&json!({ "name": "Ours" })).gives(403).await;
    let _ = app.post(&format!("{path}/members")).by(&t.member).json(&body).gives(403).await;
    let _ = app.delete(&membership).by(&t.member).gives(403).await;
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "goals": "Two looks." })).gives(200).await;
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    let _ = app.get(&membership).by(&t.admin).gives(404).await;
}

async fn managers_create_teams_and_manage_their_own(app: &App) {
    let t = app.tenant().await;
    let _ = app.post("/teams").by(&t.member).json(&json!({ "name": "Ours" })).gives(403).await;
    let (_, path) = team(app, &t, "Design", &t.admin).await;
    let _ = app.get(&path).by(&t.manager).gives(404).await;
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "name": "Mine" })).gives(404).await;
    let _ = join(app, &t.admin, &path, &t.manager).await;
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "name": "Mine" })).gives(403).await;
    // Only the manager of the team and the manager of the project manage a project of a team, not
    // every manager.
    let id = path.rsplit('/').next().unwrap();
    let _ =
        app.post("/projects").by(&t.manager).json(&json!({ "name": "B", "team_id": id })).gives(403).await;
}

async fn team_in_use_cannot_be_deleted(app: &App) {
    let t = app.tenant().await;
    let (id, path) = team(app, &t, "Design", &t.other).await;
    let membership = join(app, &t.admin, &path, &t.member).await;
    let (_, project) = make(app, &t.admin, "/projects", json!({ "name": "Brand", "team_id": id })).await;
    assert_eq!(app.delete(&path).by(&t.admin).send().await.expect(409).code(), "in_use");
    let user = |user: &User| format!("/users/{}", user.id);
    assert_eq!(app.delete(&user(&t.other)).by(&t.admin).send().await.expect(409).code(), "in_use");
    // Deleting a user removes the user's memberships.
    let _ = app.delete(&user(&t.member)).by(&t.admin).gives(204).await;
    let _ = app.get(&membership).by(&t.admin).gives(404).await;
    let _ = app.delete(&project).by(&t.admin).gives(204).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
}

async fn invalid_team_is_rejected(app: &App) {
    let t = app.tenant().await;
    let _ = team(app, &t, "Design", &t.admin).await;
    let taken = app.post("/teams").by(&t.admin).json(&json!({ "name": "Design" })).send().await.expect(409);
    assert_eq!(taken.pointer(), "/name");
    let other = app.tenant().await;
    let body = json!({ "name": "Else", "manager_id": other.admin.id });
    let foreign = app.post("/teams").by(&t.admin).json(&body).send().await.expect(422);
    assert_eq!(foreign.pointer(), "/manager_id");
    let (id, path) = team(app, &other, "Theirs", &other.admin).await;
    let _ = app.get(&path).by(&t.admin).gives(404).await;
    let body = json!({ "name": "Brand", "team_id": id });
    assert_eq!(app.post("/projects").by(&t.admin).json(&body).send().await.expect(422).pointer(), "/team_id");
}
