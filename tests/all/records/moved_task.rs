//! After a task moves, its earlier text stays hidden from users who could not read it.

use serde_json::json;
use taskhub_tests::{App, User, every_database};

use super::{make, numbers, places};
use crate::comment::{say, task};

every_database!(earlier_text_stays_hidden_after_a_move);

async fn earlier_text_stays_hidden_after_a_move(app: &App) {
    let t = app.tenant().await;
    let (hidden, open) = places(app, &t).await;
    let body = json!({ "title": "Plan", "content": "secret", "project_id": hidden });
    let (_, document) = make(app, &t.member, "/documents", body).await;
    let all = async |by: &User| numbers(app, by, &format!("{document}/versions")).await;
    let _ = app.patch(&document).by(&t.member).json(&json!({ "content": "known" })).gives(200).await;
    let first = app.get(&format!("{document}/versions?sort=number")).by(&t.member).gives(200).await;
    let version =
        |place: usize| format!("{document}/versions/{}", first["results"][place]["id"].as_str().unwrap());
    assert_eq!(all(&t.member).await, [1, 2]);
    let whole = task(app, &t.member, json!({ "title": "Ask", "project_id": hidden })).await;
    let comment = say(app, &t.member, &whole, "secret").await;
    let _ = app.patch(&comment).by(&t.member).json(&json!({ "body": "known" })).gives(200).await;
    for path in [&document, &whole] {
        let _ = app.patch(path).by(&t.member).json(&json!({ "project_id": open })).gives(200).await;
    }
    let _ = app.patch(&document).by(&t.member).json(&json!({ "content": "more" })).gives(200).await;
    let _ = app.patch(&comment).by(&t.member).json(&json!({ "body": "more" })).gives(200).await;
    // Users see the text at the move and later texts; admins see all.
    assert_eq!((all(&t.other).await, all(&t.admin).await), (vec![2, 4], vec![1, 2, 4]));
    let secret = version(0);
    for path in [secret.clone(), format!("{secret}/content"), format!("{secret}/diff")] {
        let _ = app.get(&path).by(&t.other).gives(404).await;
        let _ = app.get(&path).by(&t.admin).gives(200).await;
    }
    let _ = app.post(&format!("{secret}/restore")).by(&t.manager).gives(404).await;
    let against = format!("{}/diff?against={}", version(1), first["results"][0]["id"].as_str().unwrap());
    let _ = app.get(&against).by(&t.other).gives(400).await;
    let diff = app.get(&format!("{}/diff", version(1))).by(&t.other).send().await.expect(200);
    assert!(!diff.text.contains("secret"), "{}", diff.text);
    let diff = app.get(&format!("{}/diff", version(1))).by(&t.admin).send().await.expect(200);
    assert!(diff.text.contains("secret"), "{}", diff.text);
    let bodies = format!("{comment}/versions");
    assert_eq!(numbers(app, &t.other, &bodies).await, [2]);
    assert_eq!(numbers(app, &t.admin, &bodies).await, [1, 2]);
    let past = app.get(&format!("{comment}/history")).by(&t.other).send().await.expect(200);
    assert!(!past.text.contains("secret") && past.text.contains("known"), "{}", past.text);
    // Moving and changing in one request counts as the text at the move.
    let body = json!({ "title": "Plan", "content": "secret", "project_id": hidden });
    let (_, document) = make(app, &t.member, "/documents", body).await;
    let both = json!({ "project_id": open, "content": "known" });
    let _ = app.patch(&document).by(&t.member).json(&both).gives(200).await;
    assert_eq!(numbers(app, &t.other, &format!("{document}/versions")).await, [2]);
}
