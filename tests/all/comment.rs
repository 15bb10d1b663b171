//! Scenario tests of comments and watchers.

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

every_database!(
    comment_is_created_edited_and_deleted,
    comment_permissions_follow_the_task_and_the_author,
    mention_notifies_only_users_who_see_the_task,
    edited_comment_notifies_only_new_mentions,
    commenting_makes_the_author_a_watcher,
    watchers_must_see_the_task,
    invalid_comment_or_watcher_is_rejected_with_422,
    concurrent_edits_keep_every_version,
);

/// Creates a task as the user. Returns its path.
pub(crate) async fn task(app: &App, by: &User, body: Value) -> String {
    app.post("/tasks").by(by).json(&body).send().await.expect(201).header("location").to_owned()
}

/// Creates a comment. Returns its path.
pub(crate) async fn say(app: &App, by: &User, task: &str, body: &str) -> String {
    let made = app.post(&format!("{task}/comments")).by(by).json(&json!({ "body": body })).send().await;
    made.expect(201).header("location").to_owned()
}

/// The kinds of the user's notifications, oldest first.
pub(crate) async fn told(app: &App, user: &User) -> Vec<String> {
    let list = app.get("/notifications?sort=created_at").by(user).gives(200).await;
    let rows = list["results"].as_array().unwrap();
    rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

/// Adds the other member to the team of the hidden project. Returns the path of the membership.
pub(crate) async fn let_in(app: &App, t: &Tenant) -> String {
    let teams = app.get("/teams?name=Design").by(&t.manager).gives(200).await;
    let members = format!("/teams/{}/members", teams["results"][0]["id"].as_str().unwrap());
    let made = app.post(&members).by(&t.manager).json(&json!({ "user_id": t.other.id })).send().await;
    made.expect(201).header("location").to_owned()
}

/// A project of a team whose only member is the member, managed by the manager. Returns its id.
pub(crate) async fn hidden_project(app: &App, t: &Tenant) -> Value {
    let team = app.post("/teams").by(&t.manager).json(&json!({ "name": "Design" })).gives(201).await;
    let members = format!("/teams/{}/members", team["id"].as_str().unwrap());
    let _ = app.post(&members).by(&t.manager).json(&json!({ "user_id": t.member.id })).gives(201).await;
    let body = json!({ "name": "Brand", "team_id": team["id"] });
    app.post("/projects").by(&t.manager).json(&body).gives(201).await["id"].clone()
}

async fn comment_is_created_edited_and_deleted(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let task = task(app, &t.member, json!({ "title": "Write it", "project_id": project["id"] })).await;
    let made =
        app.post(&format!("{task}/comments")).by(&t.other).json(&json!({ "body": "First.\n" })).send().await;
    let made = made.expect(201);
    let path = made.header("location").to_owned();
    assert!(path.starts_with(&format!("{task}/comments/")), "{path}");
    assert_eq!((&made.body["body"], &made.body["author_id"]), (&json!("First.\n"), &json!(t.other.id)));
    assert_eq!((&made.body["edited_at"], &made.body["mentions"]), (&Value::Null, &json!([])));
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, made.body);
    app.clock.advance(std::time::Duration::from_secs(1));
    let second = app.patch(&path).by(&t.other).json(&json!({ "body": "Second." })).gives(200).await;
    assert_ne!(second["edited_at"], Value::Null);
    app.clock.advance(std::time::Duration::from_secs(1));
    let _ = app.put(&path).by(&t.other).json(&json!({ "body": "Third." })).gives(200).await;
    // The same body again is a no-op.
    let same = app.put(&path).by(&t.other).json(&json!({ "body": "Third." })).gives(200).await;
    assert_eq!(same["version"], 3);
    let versions = app.get(&format!("{path}/versions")).by(&t.member).gives(200).await;
    let of = |name: &str| -> Vec<&Value> {
        versions["results"].as_array().unwrap().iter().map(|row| &row[name]).collect()
    };
    assert_eq!(of("body"), [&json!("Second."), &json!("First.\n")]);
    assert_eq!(of("number"), [&json!(2), &json!(1)]);
    assert_eq!(of("written_at"), [&second["edited_at"], &made.body["created_at"]]);
    let other = say(app, &t.manager, &task, "Well.").await;
    let list = app.get(&format!("{task}/comments")).by(&t.admin).gives(200).await;
    assert_eq!((&list["count"], &list["results"][0]["body"]), (&json!(2), &json!("Well.")));
    let own = app.get(&format!("{task}/comments?author=me")).by(&t.other).gives(200).await;
    assert_eq!((&own["count"], &own["results"][0]["body"]), (&json!(1), &json!("Third.")));
    let _ = app.delete(&path).by(&t.other).gives(204).await;
    let _ = app.get(&format!("{path}/versions")).by(&t.admin).gives(404).await;
    // Comments are deleted with their task.
    let _ = app.delete(&task).by(&t.member).gives(204).await;
    let _ = app.get(&other).by(&t.admin).gives(404).await;
}

async fn comment_permissions_follow_the_task_and_the_author(app: &App) {
    let t = app.tenant().await;
    let project = hidden_project(app, &t).await;
    let task = task(app, &t.member, json!({ "title": "Draw it", "project_id": project })).await;
    let path = say(app, &t.member, &task, "Mine.").await;
    let comments = format!("{task}/comments");
    let stranger = app.tenant().await;
    for user in [&t.other, &stranger.admin] {
        let _ = app.get(&comments).by(user).gives(404).await;
        let _ = app.post(&comments).by(user).json(&json!({ "body": "Me too." })).gives(404).await;
        let _ = app.get(&path).by(user).gives(404).await;
        let _ = app.get(&format!("{path}/versions")).by(user).gives(404).await;
        let _ = app.patch(&path).by(user).json(&json!({ "body": "Theirs." })).gives(404).await;
        let _ = app.delete(&path).by(user).gives(404).await;
    }
    // Only the author can edit a comment.
    for user in [&t.admin, &t.manager] {
        let _ = app.get(&path).by(user).gives(200).await;
        let _ = app.patch(&path).by(user).json(&json!({ "body": "Theirs." })).gives(403).await;
    }
    let _ = app.delete(&path).by(&t.manager).gives(204).await;
    let path = say(app, &t.manager, &task, "The manager's.").await;
    let _ = app.delete(&path).by(&t.member).gives(403).await;
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    // An author who no longer sees the task does not see the comment.
    let membership = let_in(app, &t).await;
    let path = say(app, &t.other, &task, "For now.").await;
    let _ = app.delete(&membership).by(&t.manager).gives(204).await;
    let _ = app.patch(&path).by(&t.other).json(&json!({ "body": "Still." })).gives(404).await;
    // A service account with only `tasks:read` cannot read comments.
    let _ = app.get(&comments).token(&t.service(app, &["tasks:read"])).gives(403).await;
    let _ = app.get(&comments).token(&t.service(app, &["tasks:read", "comments:read"])).gives(200).await;
}

async fn mention_notifies_only_users_who_see_the_task(app: &App) {
    let t = app.tenant().await;
    let project = hidden_project(app, &t).await;
    let task = task(app, &t.manager, json!({ "title": "Draw it", "project_id": project })).await;
    let text = "@member, @Admin: see `@manager`; @other can't, and @nobody is none. @member!";
    let path = say(app, &t.manager, &task, text).await;
    let comment = app.get(&path).by(&t.manager).gives(200).await;
    let mentions: Vec<_> = comment["mentions"].as_array().unwrap().clone();
    assert_eq!(mentions.len(), 2, "{mentions:?}");
    assert!(mentions.contains(&json!(t.member.id)) && mentions.contains(&json!(t.admin.id)));
    assert_eq!(told(app, &t.member).await, ["mentioned"]);
    assert_eq!(told(app, &t.admin).await, ["mentioned"]);
    assert!(told(app, &t.other).await.is_empty() && told(app, &t.manager).await.is_empty());
    let line = app.get("/notifications").by(&t.member).gives(200).await["results"][0].clone();
    assert_eq!(line["text"], "manager mentioned you in a comment on “Draw it”.");
    assert_eq!((&line["noun"], &line["row_id"]), (&json!("comment"), &comment["id"]));
    assert_eq!((&line["task_id"], &line["actor_id"]), (&comment["task_id"], &json!(t.manager.id)));
}

async fn edited_comment_notifies_only_new_mentions(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let task = task(app, &t.admin, json!({ "title": "Write it", "project_id": project["id"] })).await;
    let path = say(app, &t.admin, &task, "@member").await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "body": "@member and @other" })).gives(200).await;
    assert_eq!(told(app, &t.member).await, ["mentioned"]);
    assert_eq!(told(app, &t.other).await, ["mentioned"]);
}

async fn commenting_makes_the_author_a_watcher(app: &App) {
    let t = app.tenant().await;
    let project = hidden_project(app, &t).await;
    let body = json!({ "title": "Draw it", "project_id": project, "assignee_id": t.admin.id });
    let task = task(app, &t.manager, body).await;
    let _ = say(app, &t.member, &task, "How?").await;
    let _ = say(app, &t.member, &task, "And when?").await;
    // The owner and the assignee are notified once per comment. The author is not notified.
    assert_eq!(told(app, &t.manager).await, ["commented", "commented"]);
    assert_eq!(told(app, &t.admin).await, ["assigned", "commented", "commented"]);
    let watchers = app.get(&format!("{task}/watchers")).by(&t.member).gives(200).await;
    assert_eq!((&watchers["count"], &watchers["results"][0]["user_id"]), (&json!(1), &json!(t.member.id)));
    let _ = say(app, &t.manager, &task, "So.").await;
    let _ = app.post(&format!("{task}/complete")).by(&t.manager).gives(200).await;
    assert_eq!(told(app, &t.member).await, ["commented", "status_changed"]);
    let line = app.get("/notifications?kind=status_changed").by(&t.member).gives(200).await;
    assert_eq!(line["results"][0]["text"], "manager changed “Draw it” from todo to done.");
    // A watcher who loses access keeps watching, but gets no notification and no longer sees the
    // earlier ones.
    let out = app.get("/teams?name=Design").by(&t.manager).gives(200).await;
    let members = format!("/teams/{}/members", out["results"][0]["id"].as_str().unwrap());
    let member = app.get(&members).by(&t.manager).gives(200).await["results"][0]["id"].clone();
    let _ = app.delete(&format!("{members}/{}", member.as_str().unwrap())).by(&t.manager).gives(204).await;
    let _ = say(app, &t.manager, &task, "Between us.").await;
    assert_eq!(told(app, &t.member).await, [""; 0]);
    let _ = app.post(&members).by(&t.manager).json(&json!({ "user_id": t.member.id })).gives(201).await;
    assert_eq!(told(app, &t.member).await, ["commented", "status_changed"]);
}

async fn watchers_must_see_the_task(app: &App) {
    let t = app.tenant().await;
    let project = hidden_project(app, &t).await;
    let task = task(app, &t.admin, json!({ "title": "Draw it", "project_id": project })).await;
    let watchers = format!("{task}/watchers");
    let _ = app.post(&watchers).by(&t.other).json(&json!({})).gives(404).await;
    let made = app.post(&watchers).by(&t.member).json(&json!({})).send().await.expect(201);
    assert_eq!(made.body["user_id"], json!(t.member.id));
    let own = made.header("location").to_owned();
    let twice = app.post(&watchers).by(&t.member).json(&json!({})).send().await.expect(409);
    assert_eq!((twice.code(), twice.pointer()), ("conflict", "/user_id"));
    let other = json!({ "user_id": t.manager.id });
    let _ = app.post(&watchers).by(&t.member).json(&other).gives(403).await;
    let theirs = app.post(&watchers).by(&t.admin).json(&other).send().await.expect(201);
    let theirs = theirs.header("location").to_owned();
    let _ = app.delete(&theirs).by(&t.member).gives(403).await;
    // A manager of the project can add other watchers, but they must see the task.
    let unseen = app.post(&watchers).by(&t.manager).json(&json!({ "user_id": t.other.id })).send().await;
    assert_eq!(unseen.expect(422).pointer(), "/user_id");
    let _ = app.delete(&own).by(&t.manager).gives(204).await;
    let _ = app.post(&watchers).by(&t.manager).json(&json!({ "user_id": t.member.id })).gives(201).await;
    let _ = app.delete(&theirs).by(&t.manager).gives(204).await;
    let _ = app.post(&format!("{task}/complete")).by(&t.manager).gives(200).await;
    assert_eq!(told(app, &t.member).await, ["status_changed"]);
    let service = t.service(app, &["tasks:read", "tasks:write"]);
    let said = app.post(&watchers).token(&service).json(&json!({})).send().await.expect(422);
    assert_eq!(said.pointer(), "/user_id");
}

async fn invalid_comment_or_watcher_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, json!({ "title": "Write it" })).await;
    let comments = format!("{task}/comments");
    for (body, pointer) in [
        (json!({}), "/body"),
        (json!({ "body": "" }), "/body"),
        (json!({ "body": "x".repeat(20_001) }), "/body"),
        (json!({ "body": "x", "author_id": t.admin.id }), "/author_id"),
        (json!({ "body": "x", "mentions": [] }), "/mentions"),
    ] {
        assert_eq!(app.post(&comments).by(&t.member).json(&body).send().await.expect(422).pointer(), pointer);
    }
    let stranger = app.tenant().await;
    let body = json!({ "user_id": stranger.member.id });
    let foreign = app.post(&format!("{task}/watchers")).by(&t.member).json(&body).send().await;
    // A caller who may not add others gets 403 and does not learn whether the user exists.
    let _ = foreign.expect(403);
    let foreign = app.post(&format!("{task}/watchers")).by(&t.admin).json(&body).send().await.expect(422);
    assert_eq!(foreign.body["errors"][0]["code"], "reference_not_found");
    assert_eq!(app.get(&comments).by(&t.member).gives(200).await["count"], 0);
}

async fn concurrent_edits_keep_every_version(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, json!({ "title": "Write it" })).await;
    let path = say(app, &t.member, &task, "0").await;
    let edits = (1..=8).map(|number| {
        let body = json!({ "body": number.to_string() });
        let edit = app.patch(&path).by(&t.member).json(&body);
        async { edit.gives(200).await }
    });
    let _ = futures::future::join_all(edits).await;
    let versions = app.get(&format!("{path}/versions")).by(&t.member).gives(200).await;
    let mut bodies: Vec<_> = versions["results"].as_array().unwrap().iter().map(|row| &row["body"]).collect();
    let last = app.get(&path).by(&t.member).gives(200).await["body"].clone();
    bodies.push(&last);
    bodies.sort_by_key(|body| body.as_str().unwrap().to_owned());
    assert_eq!(bodies.len(), 9);
    assert!(
        bodies.iter().enumerate().all(|(number, body)| **body == json!(number.to_string())),
        "{bodies:?}"
    );
}
