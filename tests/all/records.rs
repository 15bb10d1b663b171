//! Scenario tests of recorded changes: every deletion is recorded, every row has a history, and the
//! history keeps the permissions of its place.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

use crate::comment::{say, task};

every_database!(
    cascade_delete_of_a_task_is_recorded,
    cascade_delete_of_many_rows_is_recorded,
    cascade_delete_of_a_team_project_or_user_is_recorded,
    cascade_delete_is_reported_to_callers_who_could_read_the_row,
    child_rows_have_a_history,
    history_of_a_user_is_visible_to_the_user_and_admins,
    tenant_has_a_history,
    deleted_task_has_a_history,
    earlier_text_stays_hidden_after_a_move,
    earlier_text_stays_hidden_after_a_project_changes_team,
    project_with_restorable_tasks_is_deleted_only_with_purge,
    deleted_label_is_removed_from_deleted_tasks,
    in_use_says_what_refers_to_the_row,
    unique_names_ignore_case_and_spacing,
);

async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    let path = made.header("location").to_owned();
    (made.body, path)
}

async fn cursor(app: &App, by: &User) -> String {
    app.get("/changes").by(by).gives(200).await["next"].as_str().unwrap().to_owned()
}

/// The changes since the cursor.
async fn told(app: &App, by: &User, cursor: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), cursor.to_owned());
    loop {
        let page = app.get(&format!("/changes?page_size=200&since={cursor}")).by(by).gives(200).await;
        for line in page["results"].as_array().unwrap() {
            all.push(format!("{}.{}", line["noun"].as_str().unwrap(), line["action"].as_str().unwrap()));
        }
        page["next"].as_str().unwrap().clone_into(&mut cursor);
        if page["more"] == false {
            return all;
        }
    }
}

/// The deletions of a resource type in the audit, each with the old values.
async fn removals(app: &App, t: &Tenant, noun: &str) -> Vec<Value> {
    let lines = app.get(&format!("/audit?noun={noun}&action=delete&sort=at")).by(&t.admin).gives(200).await;
    lines["results"].as_array().unwrap().iter().map(|line| line["old_values"].clone()).collect()
}

/// A time entry of one hour.
fn hour(app: &App) -> Value {
    let ago = |minutes| app.clock.now().minus(Duration::from_mins(minutes)).to_string();
    json!({ "started_at": ago(61), "ended_at": ago(1) })
}

/// A task with one row of every type below it. Returns its path and theirs, each with a user who
/// can read the row.
async fn full<'a>(app: &App, t: &'a Tenant) -> (String, Vec<(String, &'a User)>) {
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let new = |title: &str| json!({ "title": title, "project_id": project["id"] });
    let whole = task(app, &t.member, new("Whole")).await;
    let (first, last) = (task(app, &t.member, new("First")).await, task(app, &t.member, new("Last")).await);
    let on = |path: &str| json!({ "blocker_id": path.rsplit('/').next().unwrap() });
    let at = |what: &str| format!("{whole}/{what}");
    let hour = hour(app);
    let file = app.post(&at("attachments?name=plan.bin")).by(&t.member);
    let file = file.body("application/octet-stream", "octets".to_owned()).send().await.expect(201);
    let soon = json!({ "before_due_minutes": 5 });
    let inside = vec![
        (say(app, &t.other, &whole, "Is it done?").await, &t.member),
        (make(app, &t.member, &at("time-entries"), hour).await.1, &t.member),
        (make(app, &t.member, &at("watchers"), json!({})).await.1, &t.member),
        (make(app, &t.member, &at("reminders"), soon).await.1, &t.member),
        (make(app, &t.member, &at("dependencies"), on(&first)).await.1, &t.member),
        (file.header("location").to_owned(), &t.member),
        (make(app, &t.member, &format!("{last}/dependencies"), on(&whole)).await.1, &t.member),
    ];
    (whole, inside)
}

async fn cascade_delete_of_a_task_is_recorded(app: &App) {
    let t = app.tenant().await;
    let (whole, _) = full(app, &t).await;
    let begin = cursor(app, &t.admin).await;
    let _ = app.delete(&whole).by(&t.member).gives(204).await;
    let id = whole.rsplit('/').next().unwrap();
    let _ = app.delete(&format!("/tasks/deleted/{id}")).by(&t.member).gives(204).await;
    // The other member watches the task because of the comment.
    let parts = [
        ("comment", 1),
        ("attachment", 1),
        ("time_entry", 1),
        ("watcher", 2),
        ("reminder", 1),
        ("task_dependency", 2),
    ];
    for (noun, number) in parts {
        let gone = removals(app, &t, noun).await;
        assert_eq!(gone.len(), number, "{noun}: {gone:?}");
        assert!(gone.iter().all(|row| row["task_id"] == id || row["blocker_id"] == id), "{noun}: {gone:?}");
    }
    assert_eq!(removals(app, &t, "comment").await[0]["body"], "Is it done?");
    let lines = told(app, &t.admin, &begin).await;
    for (noun, number) in parts.into_iter().filter(|(noun, _)| *noun != "reminder") {
        let removal = format!("{noun}.delete");
        assert_eq!(lines.iter().filter(|line| **line == removal).count(), number, "{lines:?}");
    }
    assert_eq!(lines.last().unwrap(), "task.purge", "the whole goes last");
    // The deleted reminder is not listed for others. Its user sees that the task was deleted.
    assert!(!lines.contains(&"reminder.delete".to_owned()));
    assert!(told(app, &t.member, &begin).await.contains(&"task.purge".to_owned()));
    let room = app.get("/search?q=done").by(&t.admin).gives(200).await;
    assert_eq!(room["results"], json!([]), "what was said is found no more");
}

async fn cascade_delete_of_many_rows_is_recorded(app: &App) {
    let t = app.tenant().await;
    let whole = task(app, &t.member, json!({ "title": "Whole" })).await;
    let hour = hour(app);
    for _ in 0..205 {
        let _ = make(app, &t.member, &format!("{whole}/time-entries"), hour.clone()).await;
    }
    let begin = cursor(app, &t.admin).await;
    let _ = app.delete(&whole).by(&t.member).gives(204).await;
    let id = whole.rsplit('/').next().unwrap();
    let _ = app.delete(&format!("/tasks/deleted/{id}")).by(&t.member).gives(204).await;
    let lines = told(app, &t.admin, &begin).await;
    assert_eq!(lines.iter().filter(|line| *line == "time_entry.delete").count(), 205);
    let audit = app.get("/audit?noun=time_entry&action=delete").by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 205);
}

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
        let lines = told(app, user, &begin).await;
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
    assert_eq!(self::told(app, &t.manager, &begin).await, ["project.delete"]);
    let all = ["milestone.delete", "task.purge", "project.delete"];
    assert_eq!(self::told(app, &t.admin, &begin).await, all);
}

async fn child_rows_have_a_history(app: &App) {
    let t = app.tenant().await;
    let (whole, mut inside) = full(app, &t).await;
    let project = app.get(&whole).by(&t.member).gives(200).await["project_id"].clone();
    let milestones = format!("/projects/{}/milestones", project.as_str().unwrap());
    inside.push((make(app, &t.manager, &milestones, json!({ "name": "Beta" })).await.1, &t.manager));
    let (_, team) = make(app, &t.manager, "/teams", json!({ "name": "Design" })).await;
    let member = json!({ "user_id": t.other.id });
    inside.push((make(app, &t.manager, &format!("{team}/members"), member).await.1, &t.other));
    let service = json!({ "name": "importer", "scopes": ["tasks:read"] });
    let account = app.post("/service-accounts").by(&t.admin).json(&service).send().await.expect(201);
    inside.push((account.header("location").to_owned(), &t.admin));
    let stranger = app.tenant().await;
    for (path, reader) in &inside {
        let row = app.get(path).by(reader).gives(200).await;
        let history = format!("{path}/history");
        let lines = app.get(&history).by(reader).gives(200).await;
        assert_eq!(
            (&lines["count"], &lines["results"][0]["action"]),
            (&json!(1), &json!("create")),
            "{path}"
        );
        let now = app.clock.now();
        let then = app.get(&format!("{path}?as_of={now}")).by(reader).gives(200).await;
        assert_eq!(then, row, "{path}");
        let before = now.minus(Duration::from_hours(1));
        let _ = app.get(&format!("{path}?as_of={before}")).by(reader).gives(404).await;
        let _ = app.get(&history).by(&stranger.admin).gives(404).await;
    }
    // Only the user sees the history of a reminder, and only admins that of a service account.
    let reminder = &inside[3].0;
    let _ = app.get(&format!("{reminder}/history")).by(&t.admin).gives(404).await;
    let comment = &inside[0].0;
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    let _ = app.patch(comment).by(&t.other).json(&json!({ "body": "It is." })).gives(200).await;
    let then = app.get(&format!("{comment}?as_of={was}")).by(&t.member).gives(200).await;
    assert_eq!(then["body"], "Is it done?");
    let narrowed = t.service(app, &["tasks:read", "comments:read"]);
    let _ = app.get(&format!("{comment}/history")).token(&narrowed).gives(403).await;
    let _ = app.get(&format!("{comment}?as_of={was}")).token(&narrowed).gives(403).await;
}

async fn history_of_a_user_is_visible_to_the_user_and_admins(app: &App) {
    let t = app.tenant().await;
    let path = format!("/users/{}", t.member.id);
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    let before = app.get(&path).by(&t.admin).gives(200).await;
    let change = json!({ "first_name": "Changed", "phone": "+49 40 1" });
    let _ = app.patch("/auth/profile").by(&t.member).json(&change).gives(200).await;
    let changes = format!("{path}/changes");
    for user in [&t.admin, &t.member] {
        let lines = app.get(&changes).by(user).gives(200).await;
        assert_eq!(lines["results"][0]["new_values"]["phone"], "+49 40 1");
        assert!(!lines.to_string().contains("argon2"), "{lines}");
    }
    let _ = app.get(&changes).by(&t.other).gives(403).await;
    let then = format!("{path}?as_of={was}");
    let full = app.get(&then).by(&t.admin).gives(200).await;
    assert_eq!((&full["first_name"], &full["phone"]), (&before["first_name"], &before["phone"]));
    let seen = app.get(&then).by(&t.other).gives(200).await;
    assert_eq!(
        (&seen["first_name"], seen.get("phone"), seen.get("email")),
        (&before["first_name"], None, None)
    );
}

async fn tenant_has_a_history(app: &App) {
    let t = app.tenant().await;
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    let _ = app.patch("/tenant").by(&t.admin).json(&json!({ "purge_after_days": 3 })).gives(200).await;
    // Refused requests are only in the audit, for admins.
    let _ = app.get("/audit").by(&t.member).gives(403).await;
    let lines = app.get("/tenant/history").by(&t.member).gives(200).await;
    let actions: Vec<_> = lines["results"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["update", "create"]);
    assert_eq!(lines["results"][0]["old_values"]["purge_after_days"], 30);
    let then = app.get(&format!("/tenant?as_of={was}")).by(&t.member).gives(200).await;
    assert_eq!(then["purge_after_days"], 30);
}

async fn deleted_task_has_a_history(app: &App) {
    let t = app.tenant().await;
    let (made, path) = make(app, &t.member, "/tasks", json!({ "title": "Think" })).await;
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    let deleted = format!("/tasks/deleted/{}", made["id"].as_str().unwrap());
    let _ = app.get(&deleted).by(&t.member).gives(404).await;
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    assert_eq!(app.get(&deleted).by(&t.member).gives(200).await["title"], "Think");
    let lines = app.get(&format!("{deleted}/history")).by(&t.member).gives(200).await;
    let actions: Vec<_> = lines["results"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["delete", "create"]);
    assert_eq!(app.get(&format!("{deleted}?as_of={was}")).by(&t.member).gives(200).await, made);
    for path in [deleted.clone(), format!("{deleted}/history")] {
        let _ = app.get(&path).by(&t.other).gives(404).await;
    }
    let _ = app.post(&format!("{path}/restore")).by(&t.member).gives(200).await;
    let _ = app.get(&format!("{deleted}/history")).by(&t.member).gives(404).await;
}

/// The numbers of the versions, oldest first.
async fn numbers(app: &App, by: &User, list: &str) -> Vec<i64> {
    let list = app.get(&format!("{list}?sort=number")).by(by).gives(200).await;
    list["results"].as_array().unwrap().iter().map(|it| it["number"].as_i64().unwrap()).collect()
}

/// A project of a team with the member, and an open project of the manager.
async fn places(app: &App, t: &Tenant) -> (Value, Value) {
    let hidden = crate::comment::hidden_project(app, t).await;
    let open = app.post("/projects").by(&t.manager).json(&json!({ "name": "Open" })).gives(201).await;
    (hidden, open["id"].clone())
}

async fn earlier_text_stays_hidden_after_a_move(app: &App) {
    let t = app.tenant().await;
    let (hidden, open) = places(app, &t).await;
    let body = json!({ "title": "Plan", "content": "secret", "project_id": hidden });
    let (_, document) = make(app, &t.member, "/documents", body).await;
    let all = async |by: &User| numbers(app, by, &format!("{document}/versions")).await;
    let _ = app.patch(&document).by(&t.member).json(&json!({ "content": "known" })).gives(200).await;
    let first = app.get(&format!("{document}/versions?sort=number")).by(&t.member).gives(200).await;
    let version =
        |place: usize| format!("{document}/versions/{}", first["results"][place]["id"].as_str().unwrap());
    assert_eq!(all(&t.member).await, [1, 2]);
    let whole = task(app, &t.member, json!({ "title": "Ask", "project_id": hidden })).await;
    let comment = say(app, &t.member, &whole, "secret").await;
    let _ = app.patch(&comment).by(&t.member).json(&json!({ "body": "known" })).gives(200).await;
    for path in [&document, &whole] {
        let _ = app.patch(path).by(&t.member).json(&json!({ "project_id": open })).gives(200).await;
    }
    let _ = app.patch(&document).by(&t.member).json(&json!({ "content": "more" })).gives(200).await;
    let _ = app.patch(&comment).by(&t.member).json(&json!({ "body": "more" })).gives(200).await;
    // Users see the text at the move and later texts; admins see all.
    assert_eq!((all(&t.other).await, all(&t.admin).await), (vec![2, 4], vec![1, 2, 4]));
    let secret = version(0);
    for path in [secret.clone(), format!("{secret}/content"), format!("{secret}/diff")] {
        let _ = app.get(&path).by(&t.other).gives(404).await;
        let _ = app.get(&path).by(&t.admin).gives(200).await;
    }
    let _ = app.post(&format!("{secret}/restore")).by(&t.manager).gives(404).await;
    let against = format!("{}/diff?against={}", version(1), first["results"][0]["id"].as_str().unwrap());
    let _ = app.get(&against).by(&t.other).gives(400).await;
    let diff = app.get(&format!("{}/diff", version(1))).by(&t.other).send().await.expect(200);
    assert!(!diff.text.contains("secret"), "{}", diff.text);
    let diff = app.get(&format!("{}/diff", version(1))).by(&t.admin).send().await.expect(200);
    assert!(diff.text.contains("secret"), "{}", diff.text);
    let bodies = format!("{comment}/versions");
    assert_eq!(numbers(app, &t.other, &bodies).await, [2]);
    assert_eq!(numbers(app, &t.admin, &bodies).await, [1, 2]);
    let past = app.get(&format!("{comment}/history")).by(&t.other).send().await.expect(200);
    assert!(!past.text.contains("secret") && past.text.contains("known"), "{}", past.text);
    // Moving and changing in one request counts as the text at the move.
    let body = json!({ "title": "Plan", "content": "secret", "project_id": hidden });
    let (_, document) = make(app, &t.member, "/documents", body).await;
    let both = json!({ "project_id": open, "content": "known" });
    let _ = app.patch(&document).by(&t.member).json(&both).gives(200).await;
    assert_eq!(numbers(app, &t.other, &format!("{document}/versions")).await, [2]);
}

async fn earlier_text_stays_hidden_after_a_project_changes_team(app: &App) {
    let t = app.tenant().await;
    let (hidden, _) = places(app, &t).await;
    let whole =
        task(app, &t.member, json!({ "title": "Ask", "description": "secret", "project_id": hidden })).await;
    let comment = say(app, &t.member, &whole, "secret").await;
    let body = json!({ "title": "Plan", "content": "secret", "project_id": hidden });
    let (_, document) = make(app, &t.member, "/documents", body).await;
    let (_, milestone) = make(
        app,
        &t.manager,
        &format!("/projects/{}/milestones", hidden.as_str().unwrap()),
        json!({ "name": "Beta", "description": "secret" }),
    )
    .await;
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    for (path, by, change) in [
        (&whole, &t.member, json!({ "description": "known" })),
        (&document, &t.member, json!({ "content": "known" })),
        (&comment, &t.member, json!({ "body": "known" })),
        (&milestone, &t.manager, json!({ "description": "known" })),
    ] {
        let _ = app.patch(path).by(by).json(&change).gives(200).await;
    }
    let project = format!("/projects/{}", hidden.as_str().unwrap());
    let _ = app.patch(&project).by(&t.manager).json(&json!({ "team_id": null })).gives(200).await;
    app.clock.advance(Duration::from_secs(1));
    let since = app.clock.now();
    for path in [&whole, &document, &comment, &milestone] {
        let past = app.get(&format!("{path}/history")).by(&t.other).send().await.expect(200);
        assert!(!past.text.contains("secret"), "{path}: {}", past.text);
        let past = app.get(&format!("{path}/history")).by(&t.admin).send().await.expect(200);
        assert!(past.text.contains("secret"), "{path}: {}", past.text);
        let _ = app.get(&format!("{path}?as_of={was}")).by(&t.other).gives(404).await;
        let _ = app.get(&format!("{path}?as_of={since}")).by(&t.other).gives(200).await;
    }
    assert_eq!(numbers(app, &t.other, &format!("{document}/versions")).await, [2]);
    assert_eq!(numbers(app, &t.other, &format!("{comment}/versions")).await, Vec::<i64>::new());
    assert_eq!(numbers(app, &t.admin, &format!("{comment}/versions")).await, [1]);
}

async fn project_with_restorable_tasks_is_deleted_only_with_purge(app: &App) {
    let t = app.tenant().await;
    let (project, place) = make(app, &t.manager, "/projects", json!({ "name": "Website" })).await;
    let inside = task(app, &t.member, json!({ "title": "In it", "project_id": project["id"] })).await;
    let _ = app.delete(&inside).by(&t.member).gives(204).await;
    for query in ["", "?purge=false"] {
        let refused = app.delete(&format!("{place}{query}")).by(&t.manager).send().await.expect(409);
        assert_eq!(refused.code(), "in_use");
        assert!(refused.body["detail"].as_str().unwrap().contains("restored"), "{}", refused.text);
    }
    let _ = app.delete(&format!("{place}?purge=yes")).by(&t.manager).gives(400).await;
    assert_eq!(app.get("/tasks/deleted").by(&t.member).gives(200).await["count"], 1);
    let _ = app.delete(&format!("{place}?purge=true")).by(&t.manager).gives(204).await;
    assert_eq!(app.get("/tasks/deleted").by(&t.member).gives(200).await["count"], 0);
    let audit = app.get("/audit?noun=task&action=purge").by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 1);
}

async fn deleted_label_is_removed_from_deleted_tasks(app: &App) {
    let t = app.tenant().await;
    let (label, path) = make(app, &t.manager, "/labels", json!({ "name": "Bug" })).await;
    let new = json!({ "title": "Mend", "label_ids": [label["id"]] });
    let (kept, gone) = (task(app, &t.member, new.clone()).await, task(app, &t.member, new).await);
    let _ = app.delete(&gone).by(&t.member).gives(204).await;
    assert_eq!(app.delete(&path).by(&t.admin).send().await.expect(409).code(), "in_use");
    let deleted = app.get("/tasks/deleted").by(&t.member).gives(200).await;
    assert_eq!(deleted["results"][0]["label_ids"], json!([label["id"]]), "what is refused changes nothing");
    let _ = app.patch(&kept).by(&t.member).json(&json!({ "label_ids": [] })).gives(200).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    let restored = app.post(&format!("{gone}/restore")).by(&t.member).gives(200).await;
    assert_eq!(restored["label_ids"], json!([]));
}

async fn in_use_says_what_refers_to_the_row(app: &App) {
    let t = app.tenant().await;
    let named = async |path: &str, body: Value| make(app, &t.admin, path, body).await;
    let (team_id, team) = named("/teams", json!({ "name": "Design" })).await;
    let (project_id, project) = named("/projects", json!({ "name": "Site", "team_id": team_id["id"] })).await;
    let (label_id, label) = named("/labels", json!({ "name": "Bug" })).await;
    let (client_id, client) = named("/clients", json!({ "name": "Bakery" })).await;
    let (type_id, kind) = named("/request-types", json!({ "name": "Repair" })).await;
    let _ = named(
        "/tasks",
        json!({ "title": "Mend", "project_id": project_id["id"], "label_ids": [label_id["id"]] }),
    )
    .await;
    let request = json!({ "title": "Oven", "client_id": client_id["id"], "type_id": type_id["id"] });
    let _ = named("/requests", request).await;
    let uses = [
        (&team, "The team has projects. "),
        (&project, "The project contains tasks or documents. "),
        (&label, "Tasks outside the trash have this label. "),
        (&client, "The client has requests. "),
        (&kind, "Requests have this type. "),
    ];
    for (path, detail) in uses {
        let refused = app.delete(path).by(&t.admin).send().await.expect(409);
        assert_eq!(refused.code(), "in_use");
        assert!(refused.body["detail"].as_str().unwrap().starts_with(detail), "{}", refused.text);
    }
}

async fn unique_names_ignore_case_and_spacing(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    for list in ["/clients", "/teams", "/labels", "/request-types"] {
        let name = |name: &str| json!({ "name": name });
        let (row, path) = make(app, &t.manager, list, name("Bäckerei am Hafen")).await;
        assert!(row.get("name_key").is_none(), "{row}");
        let (_, other) = make(app, &t.manager, list, name("Other")).await;
        for same in ["bäckerei am hafen", "BÄCKEREI  AM\u{a0}HAFEN", " Bäckerei am Hafen "] {
            let twice = app.post(list).by(&t.manager).json(&name(same)).send().await.expect(409);
            assert_eq!((twice.code(), twice.pointer()), ("conflict", "/name"), "{list} {same}");
            let twice = app.patch(&other).by(&t.manager).json(&name(same)).send().await.expect(409);
            assert_eq!(twice.pointer(), "/name");
        }
        // A row can change the spelling of its own name, and another tenant can use the name.
        let _ = app.patch(&path).by(&t.manager).json(&name("BÄCKEREI am Hafen")).gives(200).await;
        let _ = make(app, &u.manager, list, name("Bäckerei am Hafen")).await;
        let _ = make(app, &t.manager, list, name("Backerei am Hafen")).await;
        let lines = app.get(&format!("{path}/history")).by(&t.manager).send().await.expect(200);
        assert!(!lines.text.contains("name_key"), "{}", lines.text);
    }
}
