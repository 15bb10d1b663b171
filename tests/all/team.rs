//! Scenario tests of teams.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

every_database!(
    team_is_created_changed_and_deleted,
    rows_of_a_team_are_visible_only_to_the_team,
    joining_and_leaving_a_team_take_effect_at_once,
    moving_a_project_requires_rights_in_both_teams,
    managers_create_teams_and_manage_their_own,
    team_in_use_cannot_be_deleted,
    lists_contain_exactly_the_readable_rows,
    invalid_team_is_rejected,
);

/// Creates a team with a manager. Returns its id and path.
async fn team(app: &App, t: &Tenant, name: &str, manager: &User) -> (Value, String) {
    let body = json!({ "name": name, "manager_id": manager.id });
    let made = app.post("/teams").by(&t.admin).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// Adds a user to a team. Returns the path of the membership.
async fn join(app: &App, by: &User, team: &str, user: &User) -> String {
    let made = app.post(&format!("{team}/members")).by(by).json(&json!({ "user_id": user.id })).send().await;
    made.expect(201).header("location").to_owned()
}

/// Creates a row. Returns its id and path.
async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

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
