//! Scenario tests of milestones.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

every_database!(
    milestone_is_created_reached_and_deleted,
    only_managers_of_the_project_change_its_milestones,
    milestones_are_listed_by_due_date,
    milestones_are_deleted_with_their_project,
    invalid_milestone_is_rejected_with_422,
);

/// Creates a row. Returns the row and its path.
async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    let path = made.header("location").to_owned();
    (made.body, path)
}

async fn milestone_is_created_reached_and_deleted(app: &App) {
    let t = app.tenant().await;
    let (project, place) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let body = json!({ "name": " Beta ", "description": "For friends.", "due_at": "2027-01-01T00:00:00Z" });
    let (made, path) = make(app, &t.manager, &format!("{place}/milestones"), body).await;
    assert!(path.starts_with(&format!("{place}/milestones/")), "{path}");
    assert_eq!((&made["name"], &made["project_id"]), (&json!("Beta"), &project["id"]));
    assert_eq!((&made["reached_at"], &made["due_at"]), (&Value::Null, &json!("2027-01-01T00:00:00.000000Z")));
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, made);
    app.clock.advance(Duration::from_mins(1));
    let reached = app.patch(&path).by(&t.manager).json(&json!({ "reached": true })).gives(200).await;
    assert_eq!(reached["reached_at"], reached["updated_at"]);
    app.clock.advance(Duration::from_mins(1));
    // `reached_at` keeps the first time, and setting it again is a no-op.
    let again = app.patch(&path).by(&t.manager).json(&json!({ "reached": true })).gives(200).await;
    assert_eq!(again, reached);
    let renamed = app.patch(&path).by(&t.manager).json(&json!({ "name": "First beta" })).gives(200).await;
    assert_eq!(renamed["reached_at"], reached["reached_at"]);
    let back = app.patch(&path).by(&t.manager).json(&json!({ "reached": false })).gives(200).await;
    assert_eq!(back["reached_at"], Value::Null);
    let replaced = app.put(&path).by(&t.manager).json(&json!({ "name": "Anew" })).gives(200).await;
    assert_eq!((&replaced["description"], &replaced["due_at"]), (&Value::Null, &Value::Null));
    let stale = app.delete(&path).by(&t.manager).header("if-match", "\"1\"").send().await.expect(412);
    assert_eq!(stale.code(), "stale");
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    let _ = app.get(&path).by(&t.admin).gives(404).await;
    let audit = app.get("/audit?sort=at&noun=milestone").by(&t.admin).gives(200).await;
    let actions: Vec<_> = audit["results"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["create", "update", "update", "update", "update", "delete"]);
}

async fn only_managers_of_the_project_change_its_milestones(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let body = json!({ "name": "Beta" });
    let (_, shared) =
        make(app, &t.admin, "/projects", json!({ "name": "Ours", "manager_id": t.member.id })).await;
    let (team, team_path) =
        make(app, &t.admin, "/teams", json!({ "name": "Design", "manager_id": t.member.id })).await;
    let join = json!({ "user_id": t.other.id });
    let _ = app.post(&format!("{team_path}/members")).by(&t.admin).json(&join).gives(201).await;
    let of_team = json!({ "name": "Brand", "team_id": team["id"], "manager_id": t.admin.id });
    let (_, brand) = make(app, &t.admin, "/projects", of_team).await;
    for (place, manager) in [(&shared, 201), (&brand, 404)] {
        let milestones = format!("{place}/milestones");
        let (_, path) = make(app, &t.admin, &milestones, body.clone()).await;
        // Permitted are the manager of the project, the manager of its team, and, without a team,
        // every user with the role manager. Other members are not.
        let tries =
            [(&t.admin, 201), (&t.member, 201), (&t.manager, manager), (&t.other, 403), (&u.admin, 404)];
        for (user, status) in tries {
            let _ = app.post(&milestones).by(user).json(&body).gives(status).await;
            let seen = if status == 404 { 404 } else { 200 };
            let _ = app.get(&milestones).by(user).gives(seen).await;
            let _ = app.get(&path).by(user).gives(seen).await;
            let changed = if status == 201 { 200 } else { status };
            let _ = app.patch(&path).by(user).json(&json!({ "reached": true })).gives(changed).await;
            let _ = app.put(&path).by(user).json(&body).gives(changed).await;
        }
        let _ = app.delete(&path).by(&t.other).gives(403).await;
        let _ = app.delete(&path).by(&u.admin).gives(404).await;
        let _ = app.delete(&path).by(&t.member).gives(204).await;
    }
    // The milestone is only found below its own project.
    let (_, path) = make(app, &t.admin, &format!("{shared}/milestones"), body).await;
    let elsewhere = path.replace(&shared, &brand);
    let _ = app.get(&elsewhere).by(&t.admin).gives(404).await;
    let _ = app.delete(&elsewhere).by(&t.admin).gives(404).await;
}

async fn milestones_are_listed_by_due_date(app: &App) {
    let t = app.tenant().await;
    let (_, place) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let milestones = format!("{place}/milestones");
    let due = |month: u8| json!(format!("2027-{month:02}-01T00:00:00Z"));
    for (name, due_at) in [("C", due(3)), ("None", Value::Null), ("A", due(1)), ("B", due(2))] {
        let _ = make(app, &t.manager, &milestones, json!({ "name": name, "due_at": due_at })).await;
    }
    let names = async |query: &str| -> Vec<String> {
        let page = app.get(&format!("{milestones}?{query}")).by(&t.member).gives(200).await;
        let rows = page["results"].as_array().unwrap();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("sort=due_at").await, ["A", "B", "C", "None"]);
    assert_eq!(names("sort=-due_at").await, ["None", "C", "B", "A"]);
    assert_eq!(names("sort=name&due_at[lt]=2027-03-01T00:00:00Z").await, ["A", "B"]);
    assert_eq!(names("sort=due_at&due_at[gte]=2027-02-01T00:00:00Z").await, ["B", "C"]);
    let (_, other) = make(app, &t.manager, "/projects", json!({ "name": "Other" })).await;
    let empty = app.get(&format!("{other}/milestones")).by(&t.member).gives(200).await;
    assert_eq!(empty["count"], 0);
}

async fn milestones_are_deleted_with_their_project(app: &App) {
    let t = app.tenant().await;
    let (_, place) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let (_, path) = make(app, &t.manager, &format!("{place}/milestones"), json!({ "name": "Beta" })).await;
    let _ = app.delete(&place).by(&t.manager).gives(204).await;
    let _ = app.get(&path).by(&t.admin).gives(404).await;
}

async fn invalid_milestone_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let (_, place) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let milestones = format!("{place}/milestones");
    let wrong = [
        (json!({}), "/name"),
        (json!({ "name": " " }), "/name"),
        (json!({ "name": "a".repeat(201) }), "/name"),
        (json!({ "name": "Two\nlines" }), "/name"),
        (json!({ "name": "Ok", "description": "a".repeat(20_001) }), "/description"),
        (json!({ "name": "Ok", "due_at": "soon" }), "/due_at"),
        (json!({ "name": "Ok", "reached": "yes" }), "/reached"),
        (json!({ "name": "Ok", "reached_at": "2027-01-01T00:00:00Z" }), "/reached_at"),
        (json!({ "name": "Ok", "project_id": t.id }), "/project_id"),
    ];
    for (body, pointer) in wrong {
        let refused = app.post(&milestones).by(&t.manager).json(&body).send().await.expect(422);
        assert_eq!(refused.pointer(), pointer, "{body}");
    }
    assert_eq!(app.get(&milestones).by(&t.manager).gives(200).await["count"], 0);
}
