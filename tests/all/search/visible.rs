//! Search finds only rows that the caller can list, of the requested types and projects.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{alike, make, nouns, search, tasks};

every_database!(
    search_finds_only_visible_rows,
    search_is_filtered_by_type_and_project,
    service_token_searches_within_its_scopes,
);

async fn search_finds_only_visible_rows(app: &App) {
    let (t, theirs) = (app.tenant().await, app.tenant().await);
    let secret = json!({ "title": "Orchid" });
    let _ = make(app, &t.member, "/tasks", secret.clone()).await;
    let _ = make(app, &theirs.admin, "/tasks", json!({ "title": "Orchid, theirs" })).await;
    for (user, expected) in [(&t.member, 1), (&t.other, 0), (&t.manager, 1), (&t.admin, 1)] {
        assert_eq!(search(app, user, "orchid", "").await.len(), expected);
        assert_eq!(tasks(app, user, "orchid", "").await.is_empty(), expected == 0);
    }
    // The project of a team, and the rows in it.
    let (team, path) =
        make(app, &t.admin, "/teams", json!({ "name": "Design", "manager_id": t.manager.id })).await;
    let (project, _) = make(app, &t.manager, "/projects", json!({ "name": "Fern", "team_id": team })).await;
    let _ = make(app, &t.manager, "/tasks", json!({ "title": "Fern", "project_id": project })).await;
    let _ = make(app, &t.manager, "/documents", json!({ "title": "Fern", "project_id": project })).await;
    assert_eq!(search(app, &t.other, "fern", "").await, Vec::<Value>::new());
    let _ = make(app, &t.manager, &format!("{path}/members"), json!({ "user_id": t.other.id })).await;
    assert_eq!(search(app, &t.other, "fern", "").await.len(), 3);
    assert_eq!(search(app, &t.member, "fern", "").await.len(), 0);
    assert_eq!(search(app, &theirs.admin, "fern", "").await.len(), 0);
}

async fn search_is_filtered_by_type_and_project(app: &App) {
    let t = app.tenant().await;
    let project = alike(app, &t).await;
    let all = ["client_request", "document", "project", "project", "task", "task"];
    assert_eq!(nouns(&search(app, &t.member, "moss", "").await), all);
    assert_eq!(
        nouns(&search(app, &t.member, "moss", "&noun=task,document").await),
        ["document", "task", "task"]
    );
    let within = format!("&project={}", project.as_str().unwrap());
    let found = search(app, &t.member, "moss", &within).await;
    assert_eq!(nouns(&found), ["document", "project", "task"]);
    assert!(found.iter().all(|row| row["project_id"] == project), "{found:?}");
    assert_eq!(
        nouns(&search(app, &t.member, "moss", &format!("{within}&noun=client_request")).await),
        Vec::<&str>::new()
    );
    assert_eq!(search(app, &t.member, "moss", "&page_size=3").await.len(), 3);
}

async fn service_token_searches_within_its_scopes(app: &App) {
    let t = app.tenant().await;
    let _ = alike(app, &t).await;
    let token = t.service(app, &["tasks:read", "documents:write"]);
    let found = app.get("/search?q=moss").token(&token).gives(200).await;
    assert_eq!(nouns(found["results"].as_array().unwrap()), ["task", "task"]);
    let beyond = app.get("/search?q=moss&noun=task,document").token(&token).send().await.expect(403);
    assert_eq!(beyond.code(), "insufficient_scope");
    let _ = app.get("/search?q=moss").send().await.expect(401);
}
