//! Cascade delete of a task: each deleted row is in the audit and in the change feed.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{cursor, full, hour, make, removals, told};
use crate::comment::task;

every_database!(cascade_delete_of_a_task_is_recorded, cascade_delete_of_many_rows_is_recorded);

async fn cascade_delete_of_a_task_is_recorded(app: &App) {
    let t = app.tenant().await;
    let (whole, _) = full(app, &t).await;
    let begin = cursor(app, &t.admin).await;
    let _ = app.delete(&whole).by(&t.member).gives(204).await;
    let id = whole.rsplit('/').next().unwrap();
    let _ = app.delete(&format!("/tasks/deleted/{id}")).by(&t.member).gives(204).await;
    // The other member watches the task because of the comment.
    let parts = [
        ("comment", 1),
        ("attachment", 1),
        ("time_entry", 1),
        ("watcher", 2),
        ("reminder", 1),
        ("task_dependency", 2),
    ];
    for (noun, number) in parts {
        let gone = removals(app, &t, noun).await;
        assert_eq!(gone.len(), number, "{noun}: {gone:?}");
        assert!(gone.iter().all(|row| row["task_id"] == id || row["blocker_id"] == id), "{noun}: {gone:?}");
    }
    assert_eq!(removals(app, &t, "comment").await[0]["body"], "Is it done?");
    let lines = told(app, &t.admin, &begin).await;
    for (noun, number) in parts.into_iter().filter(|(noun, _)| *noun != "reminder") {
        let removal = format!("{noun}.delete");
        assert_eq!(lines.iter().filter(|line| **line == removal).count(), number, "{lines:?}");
    }
    assert_eq!(lines.last().unwrap(), "task.purge", "the whole goes last");
    // The deleted reminder is not listed for others. Its user sees that the task was deleted.
    assert!(!lines.contains(&"reminder.delete".to_owned()));
    assert!(told(app, &t.member, &begin).await.contains(&"task.purge".to_owned()));
    let room = app.get("/search?q=done").by(&t.admin).gives(200).await;
    assert_eq!(room["results"], json!([]), "what was said is found no more");
}

async fn cascade_delete_of_many_rows_is_recorded(app: &App) {
    let t = app.tenant().await;
    let whole = task(app, &t.member, json!({ "title": "Whole" })).await;
    let hour = hour(app);
    for _ in 0..205 {
        let _ = make(app, &t.member, &format!("{whole}/time-entries"), hour.clone()).await;
    }
    let begin = cursor(app, &t.admin).await;
    let _ = app.delete(&whole).by(&t.member).gives(204).await;
    let id = whole.rsplit('/').next().unwrap();
    let _ = app.delete(&format!("/tasks/deleted/{id}")).by(&t.member).gives(204).await;
    let lines = told(app, &t.admin, &begin).await;
    assert_eq!(lines.iter().filter(|line| *line == "time_entry.delete").count(), 205);
    let audit = app.get("/audit?noun=time_entry&action=delete").by(&t.admin).gives(200).await;
    assert_eq!(audit["count"], 205);
}
