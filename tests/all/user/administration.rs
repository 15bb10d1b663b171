//! Scenario tests of user administration: a full workflow of an admin, and deactivating users.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

every_database!(
    admin_imports_changes_and_removes_users,
    deactivated_user_loses_access_at_once,
    activity_of_a_user_is_visible_to_the_user_and_admins,
    audit_names_every_actor,
);

async fn admin_imports_changes_and_removes_users(app: &App) {
    let t = app.tenant().await;
    let file = format!(
        "email,username,first_name,last_name,role\r\ngrace@{0}.example,grace,Grace,Hopper,\r\nmae@{0}.example,mae,Mae,Jemison,manager\r\n",
        t.slug
    );
    let import = async |query: &str| {
        app.post(&format!("/users/import{query}"))
            .by(&t.admin)
            .body("text/csv", file.clone())
            .gives(200)
            .await
    };
    let tried = import("?dry_run=true").await;
    assert_eq!((&tried["rows"], &tried["imported"], &tried["failed"]), (&json!(2), &json!(false), &json!(0)));
    assert_eq!(app.get("/users/active-count").by(&t.admin).gives(200).await["count"], 4);
    let done = import("").await;
    assert_eq!((&done["created"], &done["imported"]), (&json!(2), &json!(true)));
    assert_eq!(app.get("/users/active-count").by(&t.admin).gives(200).await["count"], 6);
    let found = app.get("/users?q=hopp+grace").by(&t.admin).gives(200).await;
    assert_eq!((&found["count"], &found["results"][0]["role"]), (&json!(1), &json!("member")));
    let grace = format!("/users/{}", found["results"][0]["id"].as_str().unwrap());
    let role = app.patch(&grace).by(&t.admin).json(&json!({ "role": "manager" })).gives(200).await;
    assert_eq!(role["role"], "manager");
    let out = app.post(&format!("{grace}/deactivate")).by(&t.admin).send().await.expect(200);
    assert_eq!((&out.body["is_active"], out.header("etag")), (&json!(false), "\"3\""));
    assert_eq!(app.get("/users/active-count").by(&t.admin).gives(200).await["count"], 5);
    let history = app.get(&format!("/users/{}/history?noun=user&sort=-at", t.admin.id)).by(&t.admin);
    let history = history.gives(200).await;
    let did: Vec<_> = history["results"].as_array().unwrap().iter().map(|it| it["action"].clone()).collect();
    assert_eq!(did[..4], [json!("deactivate"), json!("update"), json!("create"), json!("create")]);
    let task = json!({ "title": "Launch", "assignee_id": t.member.id });
    let task = app.post("/tasks").by(&t.manager).json(&task).gives(201).await;
    let remove = format!("/users/{}?transfer_to={}", t.member.id, t.other.id);
    let _ = app.delete(&remove).by(&t.admin).gives(204).await;
    let task = app.get(&format!("/tasks/{}", task["id"].as_str().unwrap())).by(&t.admin).gives(200).await;
    assert_eq!(task["assignee_id"], json!(t.other.id));
    let export = app.get("/users/export?sort=username&is_active=true").by(&t.admin).send().await.expect(200);
    let lines: Vec<_> = export.text.lines().map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(lines, ["username", "admin", "mae", "manager", "other"]);
}

async fn deactivated_user_loses_access_at_once(app: &App) {
    let t = app.tenant().await;
    let (access, refresh) = t.member.sign_in(app).await;
    let path = format!("/users/{}", t.member.id);
    let set = |what: &str| app.post(&format!("{path}/{what}"));
    for user in [&t.manager, &t.member, &t.other] {
        let _ = set("deactivate").by(user).gives(403).await;
        let _ = set("reactivate").by(user).gives(403).await;
    }
    let _ = set("deactivate").by(&t.admin).header("if-match", "\"9\"").gives(412).await;
    // A service account that may change users needs no scope for sessions to end them this way.
    let service = t.service(app, &["users:write"]);
    let out = set("deactivate").token(&service).header("idempotency-key", "out").gives(200).await;
    for token in [&access, &t.member.token] {
        let _ = app.get("/tasks").token(token).gives(401).await;
    }
    let _ = app.post("/auth/token/refresh").json(&json!({ "refresh_token": refresh })).gives(401).await;
    // Repeating is a no-op, and the same idempotency key gets the same response.
    assert_eq!(set("deactivate").by(&t.admin).gives(200).await, out);
    let again = set("deactivate").token(&service).header("idempotency-key", "out").send().await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &out));
    let audit = app.get(&format!("/audit?row={}&action=deactivate", t.member.id)).by(&t.admin);
    let audit = audit.gives(200).await;
    assert_eq!(
        (&audit["count"], &audit["results"][0]["new_values"]["is_active"]),
        (&json!(1), &json!(false))
    );
    let back = set("reactivate").by(&t.admin).gives(200).await;
    assert_eq!((&back["is_active"], &back["version"]), (&json!(true), &json!(4)));
    app.clock.advance(Duration::from_secs(1));
    let _ = t.member.sign_in(app).await;
    // The last admin cannot be deactivated.
    let last = app.post(&format!("/users/{}/deactivate", t.admin.id)).by(&t.admin).send().await;
    assert_eq!(last.expect(409).code(), "last_admin");
}

async fn activity_of_a_user_is_visible_to_the_user_and_admins(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let task = app.post("/tasks").by(&t.member).json(&json!({ "title": "Secret plans" })).gives(201).await;
    let path = format!("/users/{}/history", t.member.id);
    for user in [&t.member, &t.admin] {
        let page = app.get(&path).by(user).send().await.expect(200);
        let line = &page.body["results"][0];
        assert_eq!(
            (&line["action"], &line["noun"], &line["row_id"]),
            (&json!("create"), &json!("task"), &task["id"])
        );
        assert_eq!((&page.body["count"], &line["actor_id"]), (&json!(1), &json!(t.member.id)));
        assert!(!page.text.contains("Secret"), "{}", page.text);
    }
    for user in [&t.manager, &t.other] {
        assert_eq!(app.get(&path).by(user).send().await.expect(403).code(), "forbidden");
    }
    let _ = app.get(&path).by(&u.admin).gives(404).await;
    assert_eq!(app.get(&format!("{path}?noun=user")).by(&t.member).gives(200).await["count"], 0);
    // A cursor is valid only for its history.
    let _ = app.post("/tasks").by(&t.member).json(&json!({ "title": "Another" })).gives(201).await;
    let first = app.get(&format!("{path}?cursor=&page_size=1")).by(&t.admin).gives(200).await;
    let (_, query) = first["next"].as_str().unwrap().split_once('?').unwrap();
    assert_eq!(app.get(&format!("{path}?{query}")).by(&t.admin).gives(200).await["next"], Value::Null);
    let elsewhere = format!("/users/{}/history?{query}", t.admin.id);
    assert_eq!(app.get(&elsewhere).by(&t.admin).send().await.expect(400).pointer(), "cursor");
}

async fn audit_names_every_actor(app: &App) {
    let t = app.tenant().await;
    let _ = app.post("/tasks").by(&t.manager).json(&json!({ "title": "By the manager" })).gives(201).await;
    let task = app.post("/tasks").by(&t.other).json(&json!({ "title": "By the other" })).gives(201).await;
    let service = t.service(app, &["tasks:write"]);
    let _ = app.post("/tasks").token(&service).json(&json!({ "title": "By a service" })).gives(201).await;
    let _ = app
        .delete(&format!("/users/{}?transfer_to={}", t.other.id, t.member.id))
        .by(&t.admin)
        .gives(204)
        .await;
    let renamed = json!({ "username": "renamed" });
    let _ = app.patch(&format!("/users/{}", t.manager.id)).by(&t.admin).json(&renamed).gives(200).await;
    let lines = app.get("/audit?noun=task&action=create&sort=at").by(&t.admin).gives(200).await;
    let names: Vec<_> =
        lines["results"].as_array().unwrap().iter().map(|it| it["actor_name"].clone()).collect();
    assert_eq!(names, [json!("renamed"), json!("other"), Value::Null]);
    let line = &lines["results"][1];
    assert_eq!((&line["row_id"], &line["actor_id"]), (&task["id"], &json!(t.other.id)));
    let one = format!("/audit/{}", line["id"].as_str().unwrap());
    assert_eq!(app.get(&one).by(&t.admin).gives(200).await, *line);
    let sparse =
        app.get("/audit?fields=actor_name&noun=task&action=create&sort=at").by(&t.admin).gives(200).await;
    assert_eq!(sparse["results"][1], json!({ "actor_name": "other" }));
    // A new user with that name is another actor.
    let again = json!({ "email": t.other.email, "username": "other", "password": taskhub_tests::PASSWORD });
    let _ = app.post("/users").by(&t.admin).json(&again).gives(201).await;
    assert_eq!(app.get(&one).by(&t.admin).gives(200).await, *line);
}
