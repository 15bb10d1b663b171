//! After a project changes its team, earlier text stays hidden from users who could not read it.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{make, numbers, places};
use crate::comment::{say, task};

every_database!(earlier_text_stays_hidden_after_a_project_changes_team);

async fn earlier_text_stays_hidden_after_a_project_changes_team(app: &App) {
    let t = app.tenant().await;
    let (hidden, _) = places(app, &t).await;
    let whole =
        task(app, &t.member, json!({ "title": "Ask", "description": "secret", "project_id": hidden })).await;
    let comment = say(app, &t.member, &whole, "secret").await;
    let body = json!({ "title": "Plan", "content": "secret", "project_id": hidden });
    let (_, document) = make(app, &t.member, "/documents", body).await;
    let (_, milestone) = make(
        app,
        &t.manager,
        &format!("/projects/{}/milestones", hidden.as_str().unwrap()),
        json!({ "name": "Beta", "description": "secret" }),
    )
    .await;
    let was = app.clock.now();
    app.clock.advance(Duration::from_secs(1));
    for (path, by, change) in [
        (&whole, &t.member, json!({ "description": "known" })),
        (&document, &t.member, json!({ "content": "known" })),
        (&comment, &t.member, json!({ "body": "known" })),
        (&milestone, &t.manager, json!({ "description": "known" })),
    ] {
        let _ = app.patch(path).by(by).json(&change).gives(200).await;
    }
    let project = format!("/projects/{}", hidden.as_str().unwrap());
    let _ = app.patch(&project).by(&t.manager).json(&json!({ "team_id": null })).gives(200).await;
    app.clock.advance(Duration::from_secs(1));
    let since = app.clock.now();
    for path in [&whole, &document, &comment, &milestone] {
        let past = app.get(&format!("{path}/history")).by(&t.other).send().await.expect(200);
        assert!(!past.text.contains("secret"), "{path}: {}", past.text);
        let past = app.get(&format!("{path}/history")).by(&t.admin).send().await.expect(200);
        assert!(past.text.contains("secret"), "{path}: {}", past.text);
        let _ = app.get(&format!("{path}?as_of={was}")).by(&t.other).gives(404).await;
        let _ = app.get(&format!("{path}?as_of={since}")).by(&t.other).gives(200).await;
    }
    assert_eq!(numbers(app, &t.other, &format!("{document}/versions")).await, [2]);
    assert_eq!(numbers(app, &t.other, &format!("{comment}/versions")).await, Vec::<i64>::new());
    assert_eq!(numbers(app, &t.admin, &format!("{comment}/versions")).await, [1]);
}
