//! The projects and labels of deleted tasks, and unique names.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::make;
use crate::comment::task;

every_database!(
    project_with_restorable_tasks_is_deleted_only_with_purge,
    deleted_label_is_removed_from_deleted_tasks,
    unique_names_ignore_case_and_spacing,
);

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
