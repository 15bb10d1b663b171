//! Words together with the filters of search and of lists, and invalid parameters.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{alike, asking, make, nouns, search, tasks};

every_database!(filters_combine_with_words, lists_are_filtered_by_words, invalid_search_is_rejected_with_400);

async fn filters_combine_with_words(app: &App) {
    let mut t = app.tenant().await;
    let body = json!({ "name": "Fig", "scope": "Only the orchard", "objectives": "Two hundredweight", "status": "active" });
    let (project, _) = make(app, &t.manager, "/projects", body).await;
    // All texts of a project are searched.
    for words in ["orchard", "hundredweight"] {
        assert_eq!(nouns(&search(app, &t.member, words, "").await), ["project"], "{words}");
    }
    let marked = &search(app, &t.member, "hundredweight", "").await[0]["snippet"];
    assert!(marked.as_str().unwrap().contains("<mark>hundredweight</mark>"), "{marked}");
    let task = json!({ "title": "Fig", "project_id": project, "assignee_id": t.other.id, "status": "done" });
    let (done, path) = make(app, &t.member, "/tasks", task).await;
    let (comment, _) = make(app, &t.member, &format!("{path}/comments"), json!({ "body": "Fig" })).await;
    let _ = make(app, &t.member, "/tasks", json!({ "title": "Fig, mine", "assignee_id": t.member.id })).await;
    t.later(app, Duration::from_hours(1));
    let since = app.clock.now();
    let _ = make(app, &t.member, "/documents", json!({ "title": "Fig", "project_id": project })).await;
    let within = format!("&project={}", project.as_str().unwrap());
    let found = search(app, &t.member, "fig", &within).await;
    assert_eq!(nouns(&found), ["comment", "document", "project", "task"]);
    let told = found.iter().find(|row| row["id"] == comment).unwrap();
    assert_eq!((&told["project_id"], &told["task_id"]), (&project, &done));
    for (filters, expected) in [
        ("&status=done".to_owned(), vec!["task"]),
        ("&status=done,active".to_owned(), vec!["project", "task"]),
        ("&status=pending".to_owned(), vec![]),
        ("&assignee=me".to_owned(), vec!["task"]),
        (format!("&assignee={}&status=todo", t.other.id), vec![]),
        (format!("&created_at[gte]={since}"), vec!["document"]),
        (format!("&created_at[lt]={since}"), vec!["comment", "project", "task", "task"]),
        (format!("&updated_at[lt]={since}"), vec!["project", "task", "task"]),
        (format!("&updated_at[lt]={since}&noun=comment"), vec![]),
    ] {
        assert_eq!(nouns(&search(app, &t.member, "fig", &filters).await), expected, "{filters}");
    }
    for (filters, name) in [
        ("&status=late", "status"),
        ("&status=done&status=done", "status"),
        ("&assignee=somebody", "assignee"),
        ("&created_at=yesterday", "created_at"),
        ("&status[lt]=done", "status[lt]"),
    ] {
        let told = app.get(&asking("/search", "fig", filters)).by(&t.member).send().await.expect(400);
        assert_eq!((told.code(), told.pointer()), ("invalid_parameter", name), "{filters}");
    }
}

async fn lists_are_filtered_by_words(app: &App) {
    let t = app.tenant().await;
    let project = alike(app, &t).await;
    for (title, status) in [("Ivy 1", "todo"), ("Ivy 2", "done"), ("Ivy 3", "todo"), ("Yew", "todo")] {
        let _ = make(app, &t.member, "/tasks", json!({ "title": title, "status": status })).await;
    }
    assert_eq!(tasks(app, &t.member, "iv", "").await, "Ivy 1 Ivy 2 Ivy 3");
    assert_eq!(tasks(app, &t.member, "ivy", "&status=todo").await, "Ivy 1 Ivy 3");
    assert_eq!(tasks(app, &t.member, "ivy", "&page=2&page_size=2").await, "Ivy 3");
    assert_eq!(tasks(app, &t.other, "ivy", "").await, "");
    let page = app.get("/tasks?q=ivy&sort=title&cursor=&page_size=2").by(&t.member).gives(200).await;
    let next = page["next"].as_str().unwrap().split_once("/api/v1").unwrap().1;
    assert_eq!(app.get(next).by(&t.member).gives(200).await["results"][0]["title"], "Ivy 3");
    // A cursor is valid only for its search.
    let _ = app.get(&next.replace("q=ivy", "q=yew")).by(&t.member).gives(400).await;
    for (path, count) in [("/projects", 2), ("/documents", 1), ("/requests", 1), ("/tasks", 2)] {
        let page = app.get(&asking(path, "MOSS", "")).by(&t.member).gives(200).await;
        assert_eq!(
            (&page["count"], page["results"].as_array().unwrap().len()),
            (&json!(count), count),
            "{path}"
        );
    }
    let within = format!("/projects/{}/tasks", project.as_str().unwrap());
    assert_eq!(app.get(&asking(&within, "moss", "")).by(&t.member).gives(200).await["count"], 1);
}

async fn invalid_search_is_rejected_with_400(app: &App) {
    let t = app.tenant().await;
    let eleven = "a ".repeat(11);
    for path in ["/search", "/tasks", "/projects", "/documents", "/requests"] {
        for words in ["", " ", "%", "\"…\"", "a\0b", &eleven, &"x".repeat(201)] {
            let told = app.get(&asking(path, words, "")).by(&t.member).send().await.expect(400);
            assert_eq!((told.code(), told.pointer()), ("invalid_parameter", "q"), "{path} {words:?}");
            assert!(told.text.contains("1 to 10 words"), "{}", told.text);
        }
        let told = app.get(&asking(path, "x", "&q[lt]=a")).by(&t.member).send().await.expect(400);
        assert_eq!(told.pointer(), "q[lt]");
    }
    let wrong = [
        ("", "q"),
        ("q=a&q=b", "q"),
        ("q=a&noun=", "noun"),
        ("q=a&noun=task,user", "noun"),
        ("q=a&project=none", "project"),
        ("q=a&page_size=0", "page_size"),
        ("q=a&page_size=201", "page_size"),
        ("q=a&page=1", "page"),
    ];
    for (query, name) in wrong {
        let told = app.get(&format!("/search?{query}")).by(&t.member).send().await.expect(400);
        assert_eq!((told.code(), told.pointer()), ("invalid_parameter", name), "{query}");
    }
}
