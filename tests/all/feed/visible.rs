//! The change feed has only changes that the caller may see.

use serde_json::json;
use taskhub_tests::{App, User, every_database};

use super::{make, name, now, since, team};

every_database!(
    changes_are_filtered_by_current_visibility,
    deletion_is_listed_for_users_who_saw_the_row,
    service_token_lists_changes_within_its_scopes,
    private_changes_are_hidden_from_other_users,
);

/// The names of the changes since the cursor, for some resource types.
async fn told(app: &App, by: &User, cursor: &str) -> Vec<String> {
    let nouns = "&noun=task,project,comment,team,label";
    let (changes, _) = since(app, &by.token, cursor, nouns).await;
    changes.iter().map(name).collect()
}

async fn changes_are_filtered_by_current_visibility(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let (begin, elsewhere) = (now(app, &t.admin).await, now(app, &u.admin).await);
    let (_, task) = team(app, &t).await;
    let _ = make(app, &t.member, &format!("{task}/comments"), json!({ "body": "Blue?" })).await;
    let all = ["team.create 1", "project.create 1", "task.create 1", "comment.create 1"];
    for user in [&t.admin, &t.manager, &t.member] {
        assert_eq!(told(app, user, &begin).await, all);
    }
    assert!(told(app, &t.other, &begin).await.is_empty());
    // Current visibility counts: a new member sees earlier changes.
    let teams = app.get("/teams").by(&t.admin).gives(200).await;
    let members = format!("/teams/{}/members", teams["results"][0]["id"].as_str().unwrap());
    let (_, joined) = make(app, &t.admin, &members, json!({ "user_id": t.other.id })).await;
    assert_eq!(told(app, &t.other, &begin).await, all);
    let _ = app.delete(&joined).by(&t.admin).gives(204).await;
    assert!(told(app, &t.other, &begin).await.is_empty());
    // Changes of a row in the trash are listed for users who see it there.
    let _ = app.delete(&task).by(&t.manager).gives(204).await;
    let trashed = ["team.create 1", "project.create 1", "task.create 1", "task.delete 2"];
    assert_eq!(told(app, &t.member, &begin).await, trashed);
    assert!(told(app, &t.other, &begin).await.is_empty());
    assert!(told(app, &u.admin, &elsewhere).await.is_empty());
}

async fn deletion_is_listed_for_users_who_saw_the_row(app: &App) {
    let t = app.tenant().await;
    let (project, task) = team(app, &t).await;
    let (_, comment) = make(app, &t.member, &format!("{task}/comments"), json!({ "body": "Blue?" })).await;
    let (_, own) = make(app, &t.member, "/tasks", json!({ "title": "Own" })).await;
    let begin = now(app, &t.admin).await;
    let _ = app.delete(&comment).by(&t.member).gives(204).await;
    for user in [&t.admin, &t.manager, &t.member] {
        assert_eq!(told(app, user, &begin).await, ["comment.delete 1"]);
    }
    assert!(told(app, &t.other, &begin).await.is_empty());
    for task in [&task, &own] {
        let _ = app.delete(task).by(&t.admin).gives(204).await;
        let purge = format!("/tasks/deleted/{}", task.rsplit('/').next().unwrap());
        let _ = app.delete(&purge).by(&t.admin).gives(204).await;
    }
    // Of a permanently deleted row only the deletion is listed. The task of the comment is deleted,
    // too, so only admins still see the deletion of the comment.
    let purged = ["task.purge 2", "task.purge 2"];
    let all = ["comment.delete 1", "task.delete 2", "task.purge 2", "task.delete 2", "task.purge 2"];
    assert_eq!(told(app, &t.admin, &begin).await, all);
    assert_eq!(told(app, &t.manager, &begin).await, purged);
    assert_eq!(told(app, &t.member, &begin).await, purged);
    assert!(told(app, &t.other, &begin).await.is_empty());
    let _ = app.delete(&project).by(&t.admin).gives(204).await;
    let ended = ["task.purge 2", "project.delete 1"];
    assert_eq!(told(app, &t.member, &begin).await, ended);
    assert!(told(app, &t.other, &begin).await.is_empty());
}

async fn service_token_lists_changes_within_its_scopes(app: &App) {
    let t = app.tenant().await;
    let begin = now(app, &t.admin).await;
    let _ = make(app, &t.admin, "/tasks", json!({ "title": "One" })).await;
    let _ = make(app, &t.admin, "/labels", json!({ "name": "Urgent", "color": "#ff0000" })).await;
    let reads = async |scopes: &[&str]| {
        let (changes, _) = since(app, &t.service(app, scopes), &begin, "").await;
        changes.iter().map(|change| change["noun"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(reads(&["tasks:read"]).await, ["task"]);
    assert_eq!(reads(&["labels:read", "tasks:read", "tasks:write"]).await, ["task", "label"]);
    assert!(reads(&["tasks:write"]).await.is_empty());
    // Naming a resource type outside the scopes is refused.
    let service = t.service(app, &["labels:read"]);
    let refused = app.get("/changes?noun=task").token(&service).send().await.expect(403);
    assert_eq!(refused.code(), "insufficient_scope");
}

async fn private_changes_are_hidden_from_other_users(app: &App) {
    let t = app.tenant().await;
    let begin = now(app, &t.admin).await;
    let _ = t.member.sign_in(app).await;
    let users = async |by: &User| {
        let (changes, _) = since(app, &by.token, &begin, "&noun=user,session").await;
        changes.iter().map(|it| name(it).split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = users(&t.admin).await;
    assert!(
        all.contains(&"user.sign_in".to_owned()) && all.contains(&"session.create".to_owned()),
        "{all:?}"
    );
    assert_eq!(users(&t.member).await, all);
    // Other users see only that the row has a new version.
    assert!(users(&t.other).await.iter().all(|name| name == "user.update"));
}
