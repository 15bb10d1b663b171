//! The stories of teams.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

every_database!(
    a_team_from_beginning_to_end,
    what_a_team_has_only_its_people_see,
    joining_and_leaving_take_effect_at_once,
    moving_a_project_is_judged_at_both_ends,
    managers_make_teams_and_manage_their_own,
    a_team_in_use_stays,
    lists_show_what_single_reads_do,
    what_is_wrong_is_told,
);

/// A team with a manager, and its path.
async fn team(app: &App, t: &Tenant, name: &str, manager: &User) -> (Value, String) {
    let body = json!({ "name": name, "manager_id": manager.id });
    let made = app.post("/teams").by(&t.admin).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// A user in a team; the membership's path.
async fn join(app: &App, by: &User, team: &str, user: &User) -> String {
    let made = app.post(&format!("{team}/members")).by(by).json(&json!({ "user_id": user.id })).send().await;
    made.expect(201).header("location").to_owned()
}

/// Something in something, and its path.
async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

async fn a_team_from_beginning_to_end(app: &App) {
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
    // Its members see who is in it, and change nothing.
    let listed = app.get(&format!("{path}/members")).by(&t.member).gives(200).await;
    assert_eq!(listed["results"], json!([changed]));
    let _ = app.patch(&path).by(&t.member).json(&json!({ "name": "Ours" })).gives(403).await;
    let _ = app.post(&format!("{path}/members")).by(&t.member).json(&body).gives(403).await;
    let _ = app.delete(&membership).by(&t.member).gives(403).await;
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "goals": "Two looks." })).gives(200).await;
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    let _ = app.get(&membership).by(&t.admin).gives(404).await;
}

async fn what_a_team_has_only_its_people_see(app: &App) {
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
    // Nor do they put anything there: to them there is no such project.
    let body = json!({ "title": "Not mine", "project_id": project });
    assert_eq!(app.post("/tasks").by(&t.other).json(&body).send().await.expect(422).pointer(), "/project_id");
    // Nobody outside is assigned a task that they could not see.
    let assigned = json!({ "assignee_id": t.other.id });
    let refused = app.patch(&task).by(&t.member).json(&assigned).send().await.expect(422);
    assert_eq!(refused.pointer(), "/assignee_id");
    let _ = app.get(&task).by(&t.other).gives(404).await;
}

async fn joining_and_leaving_take_effect_at_once(app: &App) {
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
    // A manager who hands the team over sees it no more, unless they are in it.
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "manager_id": t.other.id })).gives(200).await;
    let _ = app.get(&path).by(&t.manager).gives(404).await;
    let _ = app.patch(&project).by(&t.other).json(&json!({ "name": "New brand" })).gives(200).await;
}

async fn moving_a_project_is_judged_at_both_ends(app: &App) {
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
    // The manager of the first team may take it away, but not put it into one that somebody else manages.
    let _ = app.patch(&project).by(&t.manager).json(&place(two.clone())).gives(403).await;
    let _ = app.patch(&project).by(&t.other).json(&place(two.clone())).gives(404).await;
    let _ = app.patch(&project).by(&t.manager).json(&place(Value::Null)).gives(200).await;
    // A member who manages the second team may not take what is everybody's.
    let _ = app.patch(&project).by(&t.other).json(&place(two.clone())).gives(403).await;
    let _ = app.patch(&project).by(&t.admin).json(&place(two.clone())).gives(200).await;
    // They manage it now, and still may not show it to everybody, which takes the role.
    let _ = app.patch(&project).by(&t.other).json(&json!({ "name": "Ours" })).gives(200).await;
    let _ = app.patch(&project).by(&t.other).json(&place(Value::Null)).gives(403).await;
    let _ = app.patch(&project).by(&t.other).json(&place(one)).send().await.expect(422);
    // A manager who is but a member of a team changes nothing in it.
    let _ = app.patch(&project).by(&t.manager).json(&json!({ "name": "Mine" })).gives(403).await;
}

async fn managers_make_teams_and_manage_their_own(app: &App) {
    let t = app.tenant().await;
    let _ = app.post("/teams").by(&t.member).json(&json!({ "name": "Ours" })).gives(403).await;
    let (_, path) = team(app, &t, "Design", &t.admin).await;
    let _ = app.get(&path).by(&t.manager).gives(404).await;
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "name": "Mine" })).gives(404).await;
    let _ = join(app, &t.admin, &path, &t.manager).await;
    let _ = app.patch(&path).by(&t.manager).json(&json!({ "name": "Mine" })).gives(403).await;
    // A team's project is its manager's and the team's, and not every manager's.
    let id = path.rsplit('/').next().unwrap();
    let _ =
        app.post("/projects").by(&t.manager).json(&json!({ "name": "B", "team_id": id })).gives(403).await;
}

async fn a_team_in_use_stays(app: &App) {
    let t = app.tenant().await;
    let (id, path) = team(app, &t, "Design", &t.other).await;
    let membership = join(app, &t.admin, &path, &t.member).await;
    let (_, project) = make(app, &t.admin, "/projects", json!({ "name": "Brand", "team_id": id })).await;
    assert_eq!(app.delete(&path).by(&t.admin).send().await.expect(409).code(), "in_use");
    let user = |user: &User| format!("/users/{}", user.id);
    assert_eq!(app.delete(&user(&t.other)).by(&t.admin).send().await.expect(409).code(), "in_use");
    // A member who is removed from the tenant leaves its teams.
    let _ = app.delete(&user(&t.member)).by(&t.admin).gives(204).await;
    let _ = app.get(&membership).by(&t.admin).gives(404).await;
    let _ = app.delete(&project).by(&t.admin).gives(204).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
}

/// Over all ways to stand to a team and a project: what a list has is what can be read.
async fn lists_show_what_single_reads_do(app: &App) {
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

async fn what_is_wrong_is_told(app: &App) {
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
