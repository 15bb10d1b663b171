//! Permissions for time entries, also after the user left the team.

use serde_json::json;
use taskhub_tests::{App, User, every_database};

use super::{ago, make, task, work};

every_database!(time_entry_permissions_depend_on_the_relation, entry_can_be_corrected_after_leaving_the_team);

async fn time_entry_permissions_depend_on_the_relation(app: &App) {
    let t = app.tenant().await;
    // The other member manages the project. The user with the role manager does not, because the
    // project belongs to a team.
    let (team, team_path) = make(app, &t.admin, "/teams", json!({ "name": "Design" })).await;
    let join = json!({ "user_id": t.member.id });
    let _ = make(app, &t.admin, &format!("{team_path}/members"), join).await;
    let body = json!({ "name": "Brand", "team_id": team, "manager_id": t.other.id });
    let (project, _) = make(app, &t.admin, "/projects", body).await;
    let (_, path) = task(app, &t.member, Some(&project)).await;
    let entry = work(app, &t.member, &path, 60, 30).await;
    let count = async |by: &User, query: &str| {
        app.get(&format!("/time-entries{query}")).by(by).gives(200).await["count"].clone()
    };
    let change = json!({ "minutes": 20 });
    for (user, sees, corrects) in
        [(&t.member, 200, 200), (&t.other, 200, 403), (&t.admin, 200, 200), (&t.manager, 404, 404)]
    {
        let _ = app.get(&entry).by(user).gives(sees).await;
        let _ = app.patch(&entry).by(user).json(&change).gives(corrects).await;
        assert_eq!(count(user, "").await, u8::from(sees == 200));
        let totals = app.get("/time-entries/totals?by=user").by(user).gives(200).await;
        assert_eq!(totals["entries"], u8::from(sees == 200));
    }
    let _ = app.delete(&entry).by(&t.other).gives(403).await;
    // A user who sees the task does not necessarily see the entry.
    let _ = make(app, &t.admin, &format!("{team_path}/members"), json!({ "user_id": t.manager.id })).await;
    let _ = app.get(&path).by(&t.manager).gives(200).await;
    let _ = app.get(&entry).by(&t.manager).gives(404).await;
    assert_eq!(app.get(&format!("{path}/time-entries")).by(&t.manager).gives(200).await["count"], 0);
    // The filter by project uses the current project of the task.
    assert_eq!(count(&t.member, &format!("?project={}", project.as_str().unwrap())).await, 1);
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "project_id": null })).gives(200).await;
    assert_eq!(count(&t.member, &format!("?project={}", project.as_str().unwrap())).await, 0);
    assert_eq!(count(&t.member, "?project=none&user=me&running=false").await, 1);
    assert_eq!(count(&t.member, "?running=true").await, 0);
    let _ = app.get(&entry).by(&t.other).gives(404).await;
    // A user who does not see the task cannot create an entry on it, nor can a service account.
    let body = json!({ "started_at": ago(app, 10), "minutes": 5 });
    let _ = app.post(&format!("{path}/time-entries")).by(&t.other).json(&body).gives(404).await;
    let _ = app.post(&format!("{path}/timer")).by(&t.other).gives(404).await;
    let service = t.service(app, &["tasks:read", "time-entries:write", "time-entries:read"]);
    let _ = app.post(&format!("{path}/time-entries")).token(&service).json(&body).gives(403).await;
    let _ = app.post(&format!("{path}/timer")).token(&service).gives(403).await;
    assert_eq!(app.get("/timer").token(&service).gives(200).await, json!({ "entry": null, "seconds": null }));
    let theirs = app.tenant().await;
    let _ = app.get(&entry).by(&theirs.admin).gives(404).await;
    assert_eq!(count(&theirs.admin, "").await, 0);
}

async fn entry_can_be_corrected_after_leaving_the_team(app: &App) {
    let t = app.tenant().await;
    let (team, team_path) =
        make(app, &t.admin, "/teams", json!({ "name": "Web", "manager_id": t.other.id })).await;
    let join = json!({ "user_id": t.member.id });
    let (_, membership) = make(app, &t.admin, &format!("{team_path}/members"), join).await;
    let (project, _) = make(app, &t.admin, "/projects", json!({ "name": "Website", "team_id": team })).await;
    let (_, path) = task(app, &t.other, Some(&project)).await;
    let within = work(app, &t.member, &path, 60, 30).await;
    let _ = app.delete(&membership).by(&t.admin).gives(204).await;
    let correction = json!({ "minutes": 20 });
    let _ = app.patch(&within).by(&t.member).json(&correction).gives(404).await;
    let entry = format!("/time-entries/{}", within.rsplit('/').next().unwrap());
    let present = app.get(&entry).by(&t.member).send().await.expect(200);
    let put = json!({ "started_at": present.body["started_at"], "minutes": 25, "note": "Less" });
    let _ = app.put(&entry).by(&t.member).header("if-match", "\"7\"").json(&put).gives(412).await;
    let put = app.put(&entry).by(&t.member).json(&put).gives(200).await;
    assert_eq!((&put["seconds"], &put["note"]), (&json!(1500), &json!("Less")));
    assert_eq!(app.patch(&entry).by(&t.member).json(&correction).gives(200).await["seconds"], 1200);
    // The manager of the project sees the entry; users without a relation do not.
    let _ = app.get(&entry).by(&t.other).gives(200).await;
    let _ = app.patch(&entry).by(&t.other).json(&correction).gives(403).await;
    let _ = app.get(&entry).by(&t.manager).gives(404).await;
    let _ = app.delete(&entry).by(&t.member).gives(204).await;
    let _ = app.get(&entry).by(&t.member).gives(404).await;
}
