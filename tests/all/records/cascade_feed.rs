//! Who is notified of rows that are deleted with another one.

use serde_json::json;
use taskhub_tests::{App, User, every_database};

use super::{cursor, hour, make};
use crate::comment::task;

every_database!(cascade_delete_is_reported_to_callers_who_could_read_the_row);

async fn cascade_delete_is_reported_to_callers_who_could_read_the_row(app: &App) {
    let t = app.tenant().await;
    let (_, place) = make(app, &t.manager, "/teams", json!({ "name": "Design" })).await;
    let (_, other) = make(app, &t.admin, "/teams", json!({ "name": "Print" })).await;
    let (project, site) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let _ = make(app, &t.manager, &format!("{site}/milestones"), json!({ "name": "Beta" })).await;
    for (team, user) in [(&place, &t.member), (&other, &t.member), (&other, &t.other)] {
        let _ = make(app, &t.admin, &format!("{team}/members"), json!({ "user_id": user.id })).await;
    }
    let whole = task(app, &t.manager, json!({ "title": "Whole", "project_id": project["id"] })).await;
    let part = json!({ "title": "Part", "parent_id": whole.rsplit('/').next() });
    let _ = task(app, &t.manager, part).await;
    let seen = task(app, &t.manager, json!({ "title": "Seen", "project_id": project["id"] })).await;
    let _ = make(app, &t.member, &format!("{whole}/comments"), json!({ "body": "Done?" })).await;
    let _ = make(app, &t.member, &format!("{whole}/time-entries"), hour(app)).await;
    let _ = make(app, &t.member, &format!("{whole}/reminders"), json!({ "before_due_minutes": 5 })).await;
    let _ = make(app, &t.other, &format!("{seen}/watchers"), json!({})).await;
    let _ = app.delete(&whole).by(&t.manager).gives(204).await;
    let begin = cursor(app, &t.admin).await;
    let purge = whole.replace("/tasks/", "/tasks/deleted/");
    let _ = app.delete(&purge).by(&t.manager).gives(204).await;
    let _ = app.delete(&place).by(&t.manager).gives(204).await;
    let _ = app.delete(&format!("/users/{}", t.other.id)).by(&t.admin).gives(204).await;
    let told = async |user: &User| {
        let lines = super::told(app, user, &begin).await;
        lines.into_iter().filter(|line| !line.starts_with("session")).collect::<Vec<_>>()
    };
    // The first member has the time entry and one membership of each team.
    let ends = ["watcher.delete", "user.delete"];
    let member =
        ["task.purge", "time_entry.delete", "task.purge", "team_member.delete", "team_member.delete"];
    assert_eq!(told(&t.member).await, [&member[..], &ends[..]].concat());
    let manager = ["task.purge", "task.purge", "team.delete"];
    assert_eq!(told(&t.manager).await, [&manager[..], &ends[..]].concat());
    let _ = app.delete(&seen).by(&t.manager).gives(204).await;
    let begin = cursor(app, &t.admin).await;
    let _ = app.delete(&format!("{site}?purge=true")).by(&t.manager).gives(204).await;
    assert_eq!(super::told(app, &t.manager, &begin).await, ["project.delete"]);
    let all = ["milestone.delete", "task.purge", "project.delete"];
    assert_eq!(super::told(app, &t.admin, &begin).await, all);
}
