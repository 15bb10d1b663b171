//! Scenario tests of the history of a row, and of earlier states of the row.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{make, path, project};

every_database!(
    as_of_returns_the_earlier_state,
    users_who_see_a_row_see_its_history,
    history_before_a_move_stays_hidden
);

async fn as_of_returns_the_earlier_state(app: &App) {
    let t = app.tenant().await;
    let mut was = vec![(app.clock.now(), None)];
    let mut task = make(app, &t.member, json!({ "title": "First", "description": "A" })).await;
    for body in [json!({ "title": "Second" }), json!({ "description": null }), json!({ "status": "done" })] {
        app.clock.advance(Duration::from_secs(1));
        was.push((app.clock.now().minus(Duration::from_millis(1)), Some(task)));
        task = app
            .patch(&path(was[was.len() - 1].1.as_ref().unwrap()))
            .by(&t.member)
            .json(&body)
            .gives(200)
            .await;
    }
    was.remove(0);
    was.push((app.clock.now(), Some(task.clone())));
    for (at, row) in &was {
        let row = row.as_ref().unwrap();
        let then = app.get(&format!("{}?as_of={at}", path(&task))).by(&t.member).send().await.expect(200);
        assert_eq!(&then.body, row, "{at}");
        assert_eq!(then.header("etag"), format!("\"{}\"", row["version"]));
    }
    let before = task["created_at"].as_str().unwrap().parse::<taskhub_domain::Timestamp>().unwrap();
    let before = before.minus(Duration::from_secs(1));
    let _ = app.get(&format!("{}?as_of={before}", path(&task))).by(&t.member).gives(404).await;
    let _ = app.get(&format!("{}?as_of=yesterday", path(&task))).by(&t.member).gives(400).await;
}

fn told(history: &Value) -> Vec<(&str, &str)> {
    let lines = history["results"].as_array().unwrap().iter();
    lines.map(|line| (line["action"].as_str().unwrap(), line["actor_name"].as_str().unwrap())).collect()
}

async fn users_who_see_a_row_see_its_history(app: &App) {
    let t = app.tenant().await;
    let task = make(app, &t.member, json!({ "title": "First", "assignee_id": t.other.id })).await;
    let _ = app.patch(&path(&task)).by(&t.other).json(&json!({ "title": "Second" })).gives(200).await;
    let history = format!("{}/history", path(&task));
    let lines = app.get(&history).by(&t.other).gives(200).await;
    assert_eq!(told(&lines), [("update", "other"), ("create", "member")]);
    let update = &lines["results"][0];
    assert_eq!(
        (&update["old_values"]["title"], &update["new_values"]["title"]),
        (&json!("First"), &json!("Second"))
    );
    assert!(update.get("address").is_none() && update.get("request_id").is_none());
    let stranger = app.tenant().await;
    let _ = app.get(&history).by(&stranger.admin).gives(404).await;
    let service = t.service(app, &["tasks:read"]);
    assert_eq!(app.get(&history).token(&service).send().await.expect(403).code(), "insufficient_scope");
    let _ = app.get(&format!("{}?as_of={}", path(&task), app.clock.now())).token(&service).gives(403).await;
}

/// Users who see the task only since its move to a project do not see the earlier personal task.
async fn history_before_a_move_stays_hidden(app: &App) {
    let t = app.tenant().await;
    let task = make(app, &t.member, json!({ "title": "Ask", "description": "A secret." })).await;
    let at = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    let _ = app.patch(&path(&task)).by(&t.member).json(&json!({ "description": null })).gives(200).await;
    let shared = json!({ "project_id": project(app, &t.manager).await });
    let _ = app.patch(&path(&task)).by(&t.member).json(&shared).gives(200).await;
    app.clock.advance(Duration::from_secs(1));
    let _ = app.patch(&path(&task)).by(&t.member).json(&json!({ "priority": "high" })).gives(200).await;
    for (user, lines) in [(&t.other, 1), (&t.member, 1), (&t.admin, 4)] {
        let history = app.get(&format!("{}/history", path(&task))).by(user).send().await.expect(200);
        assert_eq!(history.body["count"], lines);
        assert_eq!(history.text.contains("secret"), lines == 4);
    }
    let then = format!("{}?as_of={at}", path(&task));
    let _ = app.get(&then).by(&t.other).gives(404).await;
    assert_eq!(app.get(&then).by(&t.admin).gives(200).await["description"], "A secret.");
}
