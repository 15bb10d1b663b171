//! The results: their order, their marks, and a truncated list.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{make, search, titles};

every_database!(results_are_ranked_by_relevance, results_are_escaped, truncated_results_are_reported);

async fn results_are_ranked_by_relevance(app: &App) {
    let t = app.tenant().await;
    let rows = [
        ("planting", "nothing"),
        ("none", "plant"),
        ("plant", ""),
        ("none at all", "a plant is a plant"),
        ("plant again", "by the plant"),
        ("nearly", "plants"),
    ];
    for (title, description) in rows {
        let _ = make(app, &t.member, "/tasks", json!({ "title": title, "description": description })).await;
    }
    let best = ["plant again", "plant", "planting", "none at all", "none", "nearly"];
    assert_eq!(titles(app, &t.member, "plant").await, best);
    // All results are ranked, however many there are.
    for n in 0..60 {
        let _ = make(app, &t.member, "/tasks", json!({ "title": format!("Heath {n}") })).await;
    }
    let found = search(app, &t.member, "heath", "&page_size=200").await;
    assert_eq!((found.len(), &found[59]["title"]), (60, &json!("<mark>Heath</mark> 0")));
    // With equal ranks the newest comes first, whatever its resource type.
    let (project, _) = make(app, &t.manager, "/projects", json!({ "name": "Plant" })).await;
    let found = search(app, &t.member, "plant", "&page_size=2").await;
    assert_eq!((found.len(), &found[1]["id"], &found[1]["noun"]), (2, &project, &json!("project")));
    assert_eq!(found[1]["rank"], 16);
}

async fn results_are_escaped(app: &App) {
    let t = app.tenant().await;
    let text = format!("{}\n\nthe <b>script</b> & \"more\" {}", "before ".repeat(60), "after ".repeat(60));
    let body = json!({ "title": "<script>alert('x')</script>", "description": text });
    let _ = make(app, &t.member, "/tasks", body).await;
    let found = &search(app, &t.member, "script", "").await[0];
    assert_eq!(found["title"], "&lt;<mark>script</mark>&gt;alert(&#39;x&#39;)&lt;/<mark>script</mark>&gt;");
    let snippet = found["snippet"].as_str().unwrap();
    let around = "the &lt;b&gt;<mark>script</mark>&lt;/b&gt; &amp; &quot;more&quot; after";
    assert!(
        snippet.starts_with("…before ") && snippet.contains(around) && snippet.ends_with(" after…"),
        "{snippet}"
    );
    let _ = make(app, &t.member, "/tasks", json!({ "title": "Bare" })).await;
    assert_eq!(search(app, &t.member, "bare", "").await[0]["snippet"], Value::Null);
}

async fn truncated_results_are_reported(app: &App) {
    let t = app.tenant().await;
    let best = json!({ "title": "Alder Alder", "description": "alder" });
    let _ = make(app, &t.member, "/tasks", best).await;
    for n in 0..199 {
        let _ = make(app, &t.member, "/tasks", json!({ "title": format!("Alder {n}") })).await;
    }
    let found = app.get("/search?q=alder&page_size=1").by(&t.member).gives(200).await;
    assert_eq!((&found["truncated"], &found["results"][0]["rank"]), (&json!(false), &json!(34)));
    let _ = make(app, &t.member, "/tasks", json!({ "title": "Alder, one more" })).await;
    let found = app.get("/search?q=alder&page_size=1").by(&t.member).gives(200).await;
    assert_eq!((&found["truncated"], &found["results"][0]["rank"]), (&json!(true), &json!(16)));
    // More words narrow the results, and the row is found.
    assert_eq!(search(app, &t.member, "17 alder", "").await.len(), 1);
}
