//! Bulk changes cannot remove the last admin.

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{new, refused, send};

every_database!(
    one_bulk_request_cannot_remove_the_last_admin,
    concurrent_bulk_requests_cannot_remove_the_last_admin,
);

async fn one_bulk_request_cannot_remove_the_last_admin(app: &App) {
    let t = app.tenant().await;
    let made = send(app, &t.admin, "users", json!([new(&t, "second", "admin")])).await.expect(200).body;
    let (first, second) = (json!(t.admin.id), made["results"][0]["id"].clone());
    let demote = |id: &Value| json!({ "action": "update", "id": id, "body": { "role": "member" } });
    let keep_out = |id: &Value| json!({ "action": "update", "id": id, "body": { "is_active": false } });
    let delete = |id: &Value| json!({ "action": "delete", "id": id });
    for operations in [
        [demote(&first), demote(&second)],
        [demote(&second), keep_out(&first)],
        [keep_out(&second), delete(&first)],
        [delete(&second), demote(&first)],
    ] {
        let answer = send(app, &t.admin, "users", json!(operations)).await;
        assert_eq!(refused(&answer), (409, "last_admin", "/operations/1"));
        assert_eq!(app.get("/users?role=admin&is_active=true").by(&t.admin).gives(200).await["count"], 2);
    }
    // An admin created in the same request counts.
    let operations = json!([new(&t, "third", "admin"), delete(&second), demote(&first)]);
    let _ = send(app, &t.admin, "users", operations).await.expect(200);
    let left = app.get("/users?role=admin").by(&t.member).gives(200).await;
    assert_eq!((&left["count"], &left["results"][0]["username"]), (&json!(1), &json!("third")));
}

async fn concurrent_bulk_requests_cannot_remove_the_last_admin(app: &App) {
    let t = app.tenant().await;
    let all = taskhub_domain::scopes::all();
    let service = t.service(app, &all.iter().map(String::as_str).collect::<Vec<_>>());
    let call = |operations: Value| {
        app.post("/users/bulk").token(&service).json(&json!({ "operations": operations }))
    };
    for round in 0..4 {
        let names = (0..3).map(|number| new(&t, &format!("admin-{round}-{number}"), "admin"));
        let _ = call(names.collect()).gives(200).await;
        let admins = app.get("/users?role=admin&is_active=true").token(&service).gives(200).await;
        let ids: Vec<_> = admins["results"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
        // Each request demotes all admins except one, a different one each time.
        let others = |left: usize| {
            let gone = ids.iter().enumerate().filter(move |(number, _)| *number != left);
            gone.map(|(_, id)| json!({ "action": "update", "id": id, "body": { "role": "member" } }))
                .collect()
        };
        let answers = join_all((0..ids.len()).map(|left| call(others(left)).send())).await;
        let done = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "{answers:?}");
        assert!(answers.iter().all(|it| it.status == 200 || it.code() == "last_admin"), "{answers:?}");
        assert_eq!(app.get("/users?role=admin&is_active=true").token(&service).gives(200).await["count"], 1);
    }
}
