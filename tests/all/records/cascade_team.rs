//! Cascade delete of a team, a project and a user: each deleted row is in the audit.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{cursor, make, removals, told};
use crate::comment::task;

every_database!(cascade_delete_of_a_team_project_or_user_is_recorded);

async fn cascade_delete_of_a_team_project_or_user_is_recorded(app: &App) {
    let t = app.tenant().await;
    let (_, team) = make(app, &t.manager, "/teams", json!({ "name": "Design" })).await;
    let (_, stays) = make(app, &t.manager, "/teams", json!({ "name": "Print" })).await;
    for team in [&team, &stays] {
        let _ = make(app, &t.manager, &format!("{team}/members"), json!({ "user_id": t.other.id })).await;
    }
    let (_, project) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let _ = make(app, &t.manager, &format!("{project}/milestones"), json!({ "name": "Beta" })).await;
    let watched = task(app, &t.manager, json!({ "title": "Seen" })).await;
    let _ = make(app, &t.admin, &format!("{watched}/watchers"), json!({})).await;
    let begin = cursor(app, &t.admin).await;
    let _ = app.delete(&team).by(&t.manager).gives(204).await;
    let _ = app.delete(&project).by(&t.manager).gives(204).await;
    assert_eq!(removals(app, &t, "milestone").await[0]["name"], "Beta");
    assert_eq!(removals(app, &t, "team_member").await.len(), 1);
    let _ = app.delete(&format!("/users/{}", t.other.id)).by(&t.admin).gives(204).await;
    let members = removals(app, &t, "team_member").await;
    assert_eq!(members.iter().map(|row| &row["user_id"]).collect::<Vec<_>>(), [&json!(t.other.id); 2]);
    let lines = told(app, &t.admin, &begin).await;
    let own: Vec<_> = lines.iter().filter(|line| !line.starts_with("session")).collect();
    let all = [
        "team_member.delete",
        "team.delete",
        "milestone.delete",
        "project.delete",
        "team_member.delete",
        "user.delete",
    ];
    assert_eq!(own, all.iter().collect::<Vec<_>>());
}
