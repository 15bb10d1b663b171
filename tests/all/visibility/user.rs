//! Events that concern one user: an assignment, a new role and a notification.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{shown, told};
use crate::feed::{Stream, make, now, since};

every_database!(
    assignee_of_a_personal_task_sees_its_child_rows,
    changed_role_is_reported_to_its_user,
    notification_is_delivered_to_its_owner,
);

async fn assignee_of_a_personal_task_sees_its_child_rows(app: &App) {
    let t = app.tenant().await;
    let (id, task) = make(app, &t.member, "/tasks", json!({ "title": "Own" })).await;
    let (_, comment) = make(app, &t.member, &format!("{task}/comments"), json!({ "body": "Blue?" })).await;
    let begin = now(app, &t.admin).await;
    let assign = async |to: Value| {
        let _ = app.patch(&task).by(&t.admin).json(&json!({ "assignee_id": to })).gives(200).await;
    };
    assign(json!(t.other.id)).await;
    assert_eq!(told(app, &t.other, &begin, "task,comment").await, ["task.update 2 reread"]);
    let _ = app.patch(&comment).by(&t.member).json(&json!({ "body": "Red?" })).gives(200).await;
    let (changes, middle) = since(app, &t.other.token, &begin, "&noun=comment").await;
    assert_eq!((changes.len(), &changes[0]["within"]), (1, &id));
    assign(Value::Null).await;
    assert_eq!(told(app, &t.other, &middle, "task,comment").await, ["task.hidden 3 reread"]);
    // A change of another field affects nobody's visibility.
    let _ = app.patch(&task).by(&t.member).json(&json!({ "title": "Theirs" })).gives(200).await;
    assert!(told(app, &t.other, &middle, "task").await.iter().all(|it| it != "task.update 4"));
    assert!(told(app, &t.member, &middle, "task").await.contains(&"task.update 4".to_owned()));
}

async fn changed_role_is_reported_to_its_user(app: &App) {
    let mut t = app.tenant().await;
    let begin = now(app, &t.member).await;
    let path = format!("/users/{}", t.member.id);
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "first_name": "Mia" })).gives(200).await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "role": "manager" })).gives(200).await;
    t.later(app, std::time::Duration::from_secs(2));
    assert_eq!(told(app, &t.member, &begin, "user").await, ["user.update 2", "user.update 3 reread"]);
    assert_eq!(told(app, &t.other, &begin, "user").await, ["user.update 2", "user.update 3"]);
}

async fn notification_is_delivered_to_its_owner(app: &App) {
    let t = app.tenant().await;
    let begin = now(app, &t.admin).await;
    let mut stream = Stream::open(app, &t.member, "/events?noun=notification", None).await;
    let body = json!({ "title": "Water the plants", "assignee_id": t.member.id });
    let _ = make(app, &t.admin, "/tasks", body).await;
    let (changes, _) = since(app, &t.member.token, &begin, "&noun=notification").await;
    assert_eq!(changes.iter().map(shown).collect::<Vec<_>>(), ["notification.create 1"]);
    let path = format!("/notifications/{}", changes[0]["id"].as_str().unwrap());
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["kind"], "assigned");
    assert_eq!(stream.next().await.2["id"], changes[0]["id"]);
    for other in [&t.admin, &t.other] {
        assert!(told(app, other, &begin, "notification").await.is_empty());
    }
}
