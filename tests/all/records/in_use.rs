//! A row that others refer to is not deleted, and the response says what refers to it.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::make;

every_database!(in_use_says_what_refers_to_the_row);

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
