//! Access to attachments: permissions follow the task, and other tenants have none.

use serde_json::{Value, json};
use taskhub_tests::{App, User, every_database};

use super::{OCTETS, attach, is_kept, task, text};

every_database!(attachment_permissions_follow_the_task, attachment_is_isolated_from_other_tenants);

async fn attachment_permissions_follow_the_task(app: &App) {
    let t = app.tenant().await;
    // All users see a manager's project without a team, and managers manage it.
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let open = task(app, &t.manager, project["id"].as_str()).await;
    let personal = task(app, &t.member, None).await;
    let put = async |task: &str, by: &User| attach(app, by, task, "a.txt", "hello").await;
    for user in [&t.admin, &t.manager, &t.member, &t.other] {
        let made = put(&open, user).await.expect(201);
        let path = format!("/tasks/{open}/attachments/{}", made.body["id"].as_str().unwrap());
        for reader in [&t.admin, &t.manager, &t.member, &t.other] {
            let got = app.get(&format!("{path}/content")).by(reader).send().await.expect(200);
            assert_eq!(got.text, "hello");
        }
        // A user who only sees the task cannot delete the attachment; its uploader can.
        let stranger = if user.id == t.other.id { &t.member } else { &t.other };
        let _ = app.delete(&path).by(stranger).gives(403).await;
        let _ = app.delete(&path).by(user).gives(204).await;
    }
    for remover in [&t.admin, &t.manager] {
        let made = put(&open, &t.member).await.expect(201);
        let path = format!("/tasks/{open}/attachments/{}", made.body["id"].as_str().unwrap());
        let _ = app.delete(&path).by(remover).gives(204).await;
    }
    // Attachments of an invisible task are invisible.
    let made = put(&personal, &t.member).await.expect(201);
    let path = format!("/tasks/{personal}/attachments/{}", made.body["id"].as_str().unwrap());
    for path in [path.clone(), format!("{path}/content"), format!("/tasks/{personal}/attachments")] {
        let _ = app.get(&path).by(&t.other).gives(404).await;
    }
    assert_eq!(put(&personal, &t.other).await.expect(404).code(), "not_found");
    let _ = app.delete(&path).by(&t.other).gives(404).await;
    // The attachment is not found below another task.
    let _ = app.get(&path.replace(&personal, &open)).by(&t.member).gives(404).await;
    // A service account has the permissions that its scopes name.
    let service = |scopes: &[&str]| t.service(app, scopes);
    let content = format!("{path}/content");
    let _ = app.get(&content).token(&service(&["attachments:read", "tasks:read"])).gives(200).await;
    let _ = app.get(&content).token(&service(&["tasks:read", "tasks:write"])).gives(403).await;
    let sent = app.post(&format!("/tasks/{open}/attachments?name=x")).body(OCTETS, "x");
    let made = sent.token(&service(&["attachments:write", "tasks:read"])).gives(201).await;
    assert_eq!(made["uploaded_by"], Value::Null);
    // The reported permissions agree with what the caller can do.
    let asked = format!("/auth/permissions?noun=attachment&id={}", made["id"].as_str().unwrap());
    let told = app.get(&asked).by(&t.other).gives(200).await;
    let delete = told["actions"].as_array().unwrap().iter().find(|it| it["action"] == "delete").unwrap();
    assert_eq!(delete["allowed"], false);
}

async fn attachment_is_isolated_from_other_tenants(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let (ours, theirs) = (task(app, &t.member, None).await, task(app, &u.member, None).await);
    let made = attach(app, &t.member, &ours, "a.txt", "secret").await.expect(201);
    let id = text(&made.body["id"]);
    for task in [&ours, &theirs] {
        for path in
            [format!("/tasks/{task}/attachments/{id}"), format!("/tasks/{task}/attachments/{id}/content")]
        {
            let _ = app.get(&path).by(&u.admin).header("if-none-match", "*").gives(404).await;
            let _ = app.get(&path).gives(401).await;
        }
    }
    assert_eq!(attach(app, &u.admin, &ours, "a.txt", "mine").await.expect(404).code(), "not_found");
    let _ = app.delete(&format!("/tasks/{theirs}/attachments/{id}")).by(&u.admin).gives(404).await;
    assert!(is_kept(app, &t, &id).await);
}
