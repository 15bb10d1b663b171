//! The requests of a client, and who works on them.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{ask, named};

every_database!(
    client_lists_its_requests_and_has_a_unique_name,
    members_work_on_requests_but_cannot_delete_them,
);

async fn client_lists_its_requests_and_has_a_unique_name(app: &App) {
    let t = app.tenant().await;
    let (client, path) = named(app, &t.manager, "/clients", "Harbour Bakery").await;
    let (other, _) = named(app, &t.manager, "/clients", "Garden Centre").await;
    let (kind, kind_path) = named(app, &t.manager, "/request-types", "Repair").await;
    for name in ["Harbour Bakery", "  Harbour Bakery "] {
        let twice =
            app.post("/clients").by(&t.manager).json(&json!({ "name": name })).send().await.expect(409);
        assert_eq!((twice.code(), twice.pointer()), ("conflict", "/name"));
    }
    let own = ask(app, &t.member, &client, &kind, "The oven is cold").await;
    let _ = ask(app, &t.member, &other, &kind, "The gate is stuck").await;
    let listed = app.get(&format!("{path}/requests")).by(&t.member).gives(200).await;
    assert_eq!(listed["results"], json!([app.get(&own).by(&t.member).gives(200).await]));
    for used in [&path, &kind_path] {
        assert_eq!(app.delete(used).by(&t.admin).send().await.expect(409).code(), "in_use");
    }
    // Another tenant can use the same name.
    let theirs = app.tenant().await;
    let _ = named(app, &theirs.admin, "/clients", "Harbour Bakery").await;
}

async fn members_work_on_requests_but_cannot_delete_them(app: &App) {
    let t = app.tenant().await;
    let (client, client_path) = named(app, &t.admin, "/clients", "Harbour Bakery").await;
    let (kind, kind_path) = named(app, &t.admin, "/request-types", "Repair").await;
    let request = ask(app, &t.member, &client, &kind, "The oven is cold").await;
    for path in ["/clients", "/request-types"] {
        let _ = app.post(path).by(&t.member).json(&json!({ "name": "Mine" })).gives(403).await;
    }
    let _ = app.patch(&request).by(&t.other).json(&json!({ "assignee_id": t.other.id })).gives(200).await;
    for path in [&client_path, &kind_path, &request] {
        for user in [&t.member, &t.manager] {
            let _ = app.delete(path).by(user).gives(403).await;
        }
    }
    for path in [&request, &kind_path, &client_path] {
        let _ = app.delete(path).by(&t.admin).gives(204).await;
    }
}
