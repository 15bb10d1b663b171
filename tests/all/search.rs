//! Scenario tests of search: the same results on every database, and only rows that the caller can
//! list.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::SqlitePool;
use taskhub_domain::context::Request;
use taskhub_tests::{App, Backend, Tenant, User, every_database};

every_database!(
    words_are_found_in_every_field,
    accents_vowel_points_and_width_are_ignored,
    results_are_ranked_by_relevance,
    results_are_escaped,
    search_finds_only_visible_rows,
    index_follows_changes,
    search_is_filtered_by_type_and_project,
    service_token_searches_within_its_scopes,
    comments_are_found_while_their_task_exists,
    truncated_results_are_reported,
    filters_combine_with_words,
    lists_are_filtered_by_words,
    invalid_search_is_rejected_with_400,
);

#[test]
fn existing_rows_are_indexed() {
    // This test has its own database, because it rebuilds the whole index.
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(rows_without_index_entries_are_found_after_indexing(app))
    });
}

/// Creates a row. Returns its id and path.
async fn make(app: &App, by: &User, path: &str, body: Value) -> (Value, String) {
    let made = app.post(path).by(by).json(&body).send().await.expect(201);
    (made.body["id"].clone(), made.header("location").to_owned())
}

/// A path with the words as `q`, and more parameters.
fn asking(path: &str, words: &str, more: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost", [("q", words)]).unwrap();
    format!("{path}?{}{more}", url.query().unwrap())
}

async fn search(app: &App, by: &User, words: &str, more: &str) -> Vec<Value> {
    let found = app.get(&asking("/search", words, more)).by(by).gives(200).await;
    found["results"].as_array().unwrap().clone()
}

/// The titles of the results, without marks.
async fn titles(app: &App, by: &User, words: &str) -> Vec<String> {
    let plain = |row: &Value| row["title"].as_str().unwrap().replace("<mark>", "").replace("</mark>", "");
    search(app, by, words, "").await.iter().map(plain).collect()
}

/// The titles of a list of tasks.
async fn tasks(app: &App, by: &User, words: &str, more: &str) -> String {
    let page = app.get(&asking("/tasks", words, &format!("&sort=title{more}"))).by(by).gives(200).await;
    let titles = page["results"].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap());
    titles.collect::<Vec<_>>().join(" ")
}

async fn words_are_found_in_every_field(app: &App) {
    let t = app.tenant().await;
    let (project, _) =
        make(app, &t.manager, "/projects", json!({ "name": "Garden", "description": "Hedges and ponds" }))
            .await;
    let rows = [
        (
            "/tasks",
            json!({ "title": "Übergröße", "description": "to-do: the quick Zebra\n\n- Иван ждёт 日本語" }),
        ),
        ("/tasks", json!({ "title": "To be or not to be", "description": "42" })),
        (
            "/documents",
            json!({ "title": "Minutes", "project_id": project, "content": "# Ponds\n\nΣίσυφος was here." }),
        ),
    ];
    for (path, body) in rows {
        let _ = make(app, &t.member, path, body).await;
    }
    let (client, _) = make(app, &t.manager, "/clients", json!({ "name": "Bakery" })).await;
    let (kind, _) = make(app, &t.manager, "/request-types", json!({ "name": "Repair" })).await;
    let request = json!({ "client_id": client, "type_id": kind, "title": "A cold oven", "description": "It's x.y-ray." });
    let _ = make(app, &t.member, "/requests", request).await;
    let cases: &[(&str, &[&str])] = &[
        ("garden", &["Garden"]),
        ("GARD", &["Garden"]),
        // Only the last word may be a prefix.
        ("hedges po", &["Garden"]),
        ("po hedges", &[]),
        ("hed ponds", &[]),
        ("\"ponds\"", &["Minutes", "Garden"]),
        ("ÜBERGRÖSSE", &["Übergröße"]),
        ("übergröße", &["Übergröße"]),
        ("Über", &["Übergröße"]),
        ("uber", &["Übergröße"]),
        ("иВАН ждёт zebra quick", &["Übergröße"]),
        ("日本", &["Übergröße"]),
        ("本", &[]),
        ("σίσ", &["Minutes"]),
        // There are no stop words, no minimum length and no operators.
        ("to be", &["To be or not to be"]),
        ("not", &["To be or not to be"]),
        ("4", &["To be or not to be"]),
        ("-42", &["To be or not to be"]),
        ("the", &["Übergröße"]),
        ("x y ray", &["A cold oven"]),
        ("*", &[]),
        ("oven OR garden", &[]),
        ("garden*", &["Garden"]),
        // All words must be in the same row, but may be in different fields.
        ("oven ray", &["A cold oven"]),
        ("oven garden", &[]),
        ("minutes here sisyphos", &[]),
    ];
    for (words, expected) in cases {
        if words.chars().any(char::is_alphanumeric) {
            assert_eq!(titles(app, &t.admin, words).await, *expected, "{words}");
        }
    }
}

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

async fn index_follows_changes(app: &App) {
    let t = app.tenant().await;
    let (id, path) = make(app, &t.member, "/tasks", json!({ "title": "Tulip", "description": "red" })).await;
    let _ = app.patch(&path).by(&t.member).json(&json!({ "title": "Rose" })).gives(200).await;
    assert_eq!(titles(app, &t.member, "tulip").await, Vec::<String>::new());
    assert_eq!(titles(app, &t.member, "rose red").await, ["Rose"]);
    // A change of another field keeps the index entry.
    let _ = app.patch(&path).by(&t.member).json(&json!({ "priority": "high" })).gives(200).await;
    let _ = app.patch(&path).by(&t.member).json(&json!({ "description": null })).gives(200).await;
    assert_eq!(titles(app, &t.member, "red").await, Vec::<String>::new());
    assert_eq!(titles(app, &t.member, "rose").await, ["Rose"]);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    assert_eq!(titles(app, &t.member, "rose").await, Vec::<String>::new());
    let deleted = app.get(&asking("/tasks/deleted", "rose", "")).by(&t.member).gives(200).await;
    assert_eq!((&deleted["count"], &deleted["results"][0]["id"]), (&json!(1), &id));
    let _ = app.post(&format!("{path}/restore")).by(&t.member).gives(200).await;
    assert_eq!(titles(app, &t.member, "rose").await, ["Rose"]);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    let _ = app.delete(&path.replace("/tasks/", "/tasks/deleted/")).by(&t.member).gives(204).await;
    let (project, path) = make(app, &t.manager, "/projects", json!({ "name": "Rose" })).await;
    assert_eq!(search(app, &t.member, "rose", "").await[0]["id"], project);
    let _ = app.delete(&path).by(&t.admin).gives(204).await;
    assert_eq!(titles(app, &t.member, "rose").await, Vec::<String>::new());
    // After concurrent changes each row is found by its final words.
    let make = async |n: usize| {
        let (_, path) = make(app, &t.member, "/tasks", json!({ "title": format!("first{n}") })).await;
        let _ =
            app.patch(&path).by(&t.member).json(&json!({ "title": format!("second{n}") })).gives(200).await;
    };
    let _: Vec<()> = futures::future::join_all((0..8).map(make)).await;
    assert_eq!(
        (search(app, &t.member, "first", "").await.len(), search(app, &t.member, "second", "").await.len()),
        (0, 8)
    );
}

/// A project with a task, and rows of the same name elsewhere.
async fn alike(app: &App, t: &Tenant) -> Value {
    let (project, _) = make(app, &t.manager, "/projects", json!({ "name": "Moss" })).await;
    let _ = make(app, &t.member, "/tasks", json!({ "title": "Moss", "project_id": project })).await;
    let _ = make(app, &t.member, "/documents", json!({ "title": "Moss", "project_id": project })).await;
    let (elsewhere, _) = make(app, &t.manager, "/projects", json!({ "name": "Moss too" })).await;
    let _ = make(app, &t.member, "/tasks", json!({ "title": "Moss too", "project_id": elsewhere })).await;
    let (client, _) = make(app, &t.manager, "/clients", json!({ "name": "Bakery" })).await;
    let (kind, _) = make(app, &t.manager, "/request-types", json!({ "name": "Repair" })).await;
    let request = json!({ "client_id": client, "type_id": kind, "title": "Moss" });
    let _ = make(app, &t.member, "/requests", request).await;
    project
}

fn nouns(found: &[Value]) -> Vec<&str> {
    let mut nouns: Vec<_> = found.iter().map(|row| row["noun"].as_str().unwrap()).collect();
    nouns.sort_unstable();
    nouns
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

async fn comments_are_found_while_their_task_exists(app: &App) {
    let t = app.tenant().await;
    let (task, path) = make(app, &t.member, "/tasks", json!({ "title": "Reed" })).await;
    let (id, comment) =
        make(app, &t.member, &format!("{path}/comments"), json!({ "body": "Sedge & rush" })).await;
    let found = &search(app, &t.member, "rush sedge", "").await[0];
    assert_eq!((&found["noun"], &found["id"], &found["task_id"]), (&json!("comment"), &id, &task));
    assert_eq!(
        (&found["title"], &found["snippet"]),
        (&json!(""), &json!("<mark>Sedge</mark> &amp; <mark>rush</mark>"))
    );
    assert_eq!(search(app, &t.other, "sedge", "").await.len(), 0);
    let _ = app.patch(&comment).by(&t.member).json(&json!({ "body": "Rush alone" })).gives(200).await;
    assert_eq!(
        (search(app, &t.member, "sedge", "").await.len(), search(app, &t.member, "rush", "").await.len()),
        (0, 1)
    );
    let listed = app.get(&asking(&format!("{path}/comments"), "rush", "")).by(&t.member).gives(200).await;
    assert_eq!(listed["count"], 1);
    // The comment is hidden, restored and deleted with its task.
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    for user in [&t.member, &t.manager, &t.admin] {
        assert_eq!(search(app, user, "rush", "").await.len(), 0);
    }
    let _ = app.post(&format!("{path}/restore")).by(&t.member).gives(200).await;
    assert_eq!(search(app, &t.member, "rush", "").await.len(), 1);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    let _ = app.delete(&path.replace("/tasks/", "/tasks/deleted/")).by(&t.member).gives(204).await;
    let left = crate::contract::database::Database::of(app).await.rows_of(t.id).await;
    assert_eq!(left["search_text"].len(), 0, "{left:?}");
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

async fn accents_vowel_points_and_width_are_ignored(app: &App) {
    let t = app.tenant().await;
    for (title, words) in [
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("Ｑｕａｒｔｅｒ", "quarter"),
        ("ﬁnance", "FINANCE"),
        ("e\u{301}tude", "étude"),
        ("Łódź", "lodz"),
        ("co\u{ad}operate", "cooperate"),
    ] {
        let _ = make(app, &t.member, "/tasks", json!({ "title": title })).await;
        assert_eq!(titles(app, &t.member, words).await.len(), 1, "{words} finds {title}");
        assert_eq!(tasks(app, &t.member, words, "").await, title, "{words} finds {title}");
    }
    let names = json!({ "first_name": "Zoë", "last_name": "Müller" });
    let _ = app.patch("/auth/profile").by(&t.member).json(&names).gives(200).await;
    assert_eq!(app.get("/users?q=zoe%20muller").by(&t.admin).gives(200).await["count"], 1);
}

async fn rows_without_index_entries_are_found_after_indexing(app: &App) {
    let (t, theirs) = (app.tenant().await, app.tenant().await);
    for (user, number) in [(&t.member, 25), (&theirs.member, 1)] {
        for n in 0..number {
            let _ = make(app, user, "/tasks", json!({ "title": format!("Lichen {n}") })).await;
        }
    }
    let database = SqlitePool::connect(&app.database).await.unwrap();
    let _ = sqlx::query("DELETE FROM search_text").execute(&database).await.unwrap();
    assert_eq!(titles(app, &t.member, "lichen").await, Vec::<String>::new());
    let system = app.state.repository.system("a story", Request::default());
    // Two runs at the same time, as on two nodes.
    let (one, other) = futures::join!(
        app.state.repository.index_missing(&system, None),
        app.state.repository.index_missing(&system, None)
    );
    one.unwrap();
    other.unwrap();
    let found = app.get("/tasks?q=lichen").by(&t.member).gives(200).await;
    assert_eq!((&found["count"], titles(app, &theirs.member, "lichen").await.len()), (&json!(25), 1));
    // Entries of an older folding version are rebuilt, and rows are found meanwhile.
    let _ = sqlx::query("UPDATE search_text SET folding = 0").execute(&database).await.unwrap();
    assert_eq!(app.get("/tasks?q=lichen").by(&t.member).gives(200).await["count"], 25);
    app.state.repository.index_missing(&system, None).await.unwrap();
    let old: i64 = sqlx::query_scalar("SELECT count(*) FROM search_text WHERE folding = 0")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(old, 0);
    // The full-text index is consistent with its rows.
    let whole = "INSERT INTO search_text_fts (search_text_fts) VALUES ('integrity-check')";
    let _ = sqlx::query(whole).execute(&database).await.unwrap();
}
