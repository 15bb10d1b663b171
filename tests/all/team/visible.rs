//! The rows of a team are visible only to the team.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{join, make, team};

every_database!(rows_of_a_team_are_visible_only_to_the_team, lists_contain_exactly_the_readable_rows);

async fn rows_of_a_team_are_visible_only_to_the_team(app: &App) {
    let t = app.tenant().await;
    let (id, path) = team(app, &t, "Design", &t.manager).await;
    let _ = join(app, &t.manager, &path, &t.member).await;
    let (project, place) =
        make(app, &t.manager, "/projects", json!({ "name": "Brand", "team_id": id })).await;
    let (_, task) =
        make(app, &t.member, "/tasks", json!({ "title": "Draw it", "project_id": project })).await;
    let body = json!({ "title": "Colours", "content": "Blue.", "project_id": project });
    let (_, document) = make(app, &t.member, "/documents", body).await;
    let places = [
        path.clone(),
        format!("{path}/members"),
        place.clone(),
        format!("{place}/tasks"),
        format!("{place}/statistics"),
        task.clone(),
        document.clone(),
    ];
    for place in &places {
        for user in [&t.admin, &t.manager, &t.member] {
            let _ = app.get(place).by(user).gives(200).await;
        }
        let _ = app.get(place).by(&t.other).gives(404).await;
    }
    for list in ["/teams", "/projects", "/tasks", "/documents"] {
        assert_eq!(app.get(list).by(&t.member).gives(200).await["count"], 1, "{list}");
        assert_eq!(app.get(list).by(&t.other).gives(200).await["count"], 0, "{list}");
    }
    let figures = app.get("/projects/statistics").by(&t.other).gives(200).await;
    assert_eq!((&figures["projects"], &figures["tasks"]), (&json!(0), &json!(0)));
    // Nor can other users create rows there: the project does not exist for them.
    let body = json!({ "title": "Not mine", "project_id": project });
    assert_eq!(app.post("/tasks").by(&t.other).json(&body).send().await.expect(422).pointer(), "/project_id");
    // A user who does not see the task cannot be assigned.
    let assigned = json!({ "assignee_id": t.other.id });
    let refused = app.patch(&task).by(&t.member).json(&assigned).send().await.expect(422);
    assert_eq!(refused.pointer(), "/assignee_id");
    let _ = app.get(&task).by(&t.other).gives(404).await;
}

/// For every relation to a team and its project, a list contains exactly the rows that can be read.
async fn lists_contain_exactly_the_readable_rows(app: &App) {
    let t = app.tenant().await;
    let mut paths = Vec::new();
    for (number, manager) in [&t.admin, &t.manager, &t.member].into_iter().enumerate() {
        let (id, path) = team(app, &t, &format!("Team {number}"), manager).await;
        for member in [&t.manager, &t.member, &t.other].into_iter().skip(number) {
            let _ = join(app, &t.admin, &path, member).await;
        }
        for lead in [&t.admin, &t.manager, &t.other] {
            let body = json!({ "name": "Brand", "team_id": id, "manager_id": lead.id });
            let (project, place) = make(app, &t.admin, "/projects", body).await;
            for assignee in [&t.admin, &t.other] {
                let body = json!({ "title": "Draw it", "project_id": project, "assignee_id": assignee.id });
                paths.push(("/tasks", make(app, &t.admin, "/tasks", body).await.1));
            }
            let body = json!({ "title": "Colours", "project_id": project });
            paths.push(("/documents", make(app, &t.admin, "/documents", body).await.1));
            paths.push(("/projects", place));
        }
        paths.push(("/teams", path));
    }
    for (name, user) in t.users() {
        for list in ["/teams", "/projects", "/tasks", "/documents"] {
            let page = app.get(&format!("{list}?page_size=200")).by(user).gives(200).await;
            let listed: Vec<&str> =
                page["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
            for (_, path) in paths.iter().filter(|(kind, _)| *kind == list) {
                let read = app.get(path).by(user).send().await.status == 200;
                let shown = listed.contains(&path.rsplit('/').next().unwrap());
                assert_eq!(read, shown, "{path} to {name}");
            }
        }
    }
}
