//! Both ways of paging, and the URLs of neighbouring pages.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{each, neighbour, tasks};

every_database!(
    numbered_pages_include_the_count_and_links,
    cursor_pages_lead_forwards_and_backwards,
    every_list_supports_both_ways_of_paging,
    invalid_page_parameter_is_rejected_with_400,
    default_page_size_is_a_setting
);

async fn numbered_pages_include_the_count_and_links(app: &App) {
    let t = app.tenant().await;
    let _ = tasks(app, &t.member, &["one", "two", "three", "four", "five"]).await;
    let first = app.get("/tasks?page_size=2&sort=created_at").by(&t.member).send().await.expect(200);
    assert_eq!((&first.body["count"], each(&first.body, "title")), (&json!(5), vec!["one", "two"]));
    assert_eq!(first.body["previous"], json!(null));
    let url = format!("{}/api/v1/tasks?page_size=2&sort=created_at&page=2", app.url);
    assert_eq!(first.body["next"], json!(url));
    assert_eq!(first.header("link"), format!("<{url}>; rel=\"next\""));
    let second =
        app.get(&neighbour(app, &first.body, "next").unwrap()).by(&t.member).send().await.expect(200);
    assert_eq!(each(&second.body, "title"), ["three", "four"]);
    let link = |number| format!("{}/api/v1/tasks?page_size=2&sort=created_at&page={number}", app.url);
    let expected = format!("<{}>; rel=\"next\", <{}>; rel=\"prev\"", link(3), link(1));
    assert_eq!(second.header("link"), expected);
    let last = app.get("/tasks?page_size=2&sort=created_at&page=3").by(&t.member).gives(200).await;
    assert_eq!((each(&last, "title"), &last["next"]), (vec!["five"], &json!(null)));
    let beyond = app.get("/tasks?page_size=2&sort=created_at&page=9").by(&t.member).gives(200).await;
    assert_eq!((&beyond["count"], each(&beyond, "title").len()), (&json!(5), 0));
    assert_eq!(beyond["previous"], json!(link(3)));
    // The default order is newest first, and the default size fits all rows.
    let all = app.get("/tasks").by(&t.member).send().await.expect(200);
    assert_eq!(each(&all.body, "title"), ["five", "four", "three", "two", "one"]);
    assert_eq!(
        (&all.body["next"], &all.body["previous"], all.header("link")),
        (&json!(null), &json!(null), "")
    );
    let none = app.get("/tasks").by(&t.other).gives(200).await;
    assert_eq!(none, json!({ "count": 0, "next": null, "previous": null, "results": [] }));
}

async fn cursor_pages_lead_forwards_and_backwards(app: &App) {
    let t = app.tenant().await;
    let _ = tasks(app, &t.member, &["one", "two", "three", "four", "five"]).await;
    let start = "/tasks?cursor=&page_size=2&sort=created_at&status=todo";
    let first = app.get(start).by(&t.member).send().await.expect(200);
    assert_eq!((&first.body["count"], &first.body["previous"]), (&json!(null), &json!(null)));
    assert_eq!(each(&first.body, "title"), ["one", "two"]);
    let next = first.body["next"].as_str().unwrap();
    assert!(
        next.starts_with(&format!(
            "{}/api/v1/tasks?page_size=2&sort=created_at&status=todo&cursor=",
            app.url
        ))
    );
    assert_eq!(first.header("link"), format!("<{next}>; rel=\"next\""));
    let go = async |page: &Value, name: &str| {
        app.get(&neighbour(app, page, name).unwrap()).by(&t.member).gives(200).await
    };
    let second = go(&first.body, "next").await;
    assert_eq!(each(&second, "title"), ["three", "four"]);
    let third = go(&second, "next").await;
    assert_eq!((each(&third, "title"), &third["next"]), (vec!["five"], &json!(null)));
    let back = go(&third, "previous").await;
    assert_eq!(each(&back, "title"), ["three", "four"]);
    let start = go(&back, "previous").await;
    assert_eq!((each(&start, "title"), &start["previous"]), (vec!["one", "two"], &json!(null)));
    assert_eq!(each(&go(&start, "next").await, "title"), ["three", "four"]);
    // The page size can change from page to page.
    let wide = neighbour(app, &first.body, "next").unwrap().replace("page_size=2", "page_size=200");
    assert_eq!(each(&app.get(&wide).by(&t.member).gives(200).await, "title"), ["three", "four", "five"]);
}

async fn every_list_supports_both_ways_of_paging(app: &App) {
    let t = app.tenant().await;
    let mut project = Value::Null;
    for name in ["One", "Two", "Three"] {
        project = app.post("/projects").by(&t.manager).json(&json!({ "name": name })).gives(201).await;
    }
    for title in ["one", "two", "three"] {
        let body = json!({ "title": title, "project_id": project["id"] });
        let _ = app.post("/tasks").by(&t.member).json(&body).gives(201).await;
        let _ = app.post("/documents").by(&t.member).json(&body).gives(201).await;
    }
    let of_project = format!("/projects/{}/tasks", project["id"].as_str().unwrap());
    let lists =
        ["/tasks?x", "/tasks/by-status?status=todo", "/projects?x", "/documents?x", "/users?x", "/audit?x"];
    let lists = lists.iter().map(|list| list.replace("?x", "?page_size=2"));
    for list in lists.chain([format!("{of_project}?page_size=2")]) {
        let list = if list.contains("page_size") { list } else { format!("{list}&page_size=2") };
        let walk = async |start: String| {
            let (mut ids, mut next) = (Vec::new(), Some(start));
            while let Some(path) = next {
                let page = app.get(&path).by(&t.admin).gives(200).await;
                ids.extend(each(&page, "id").into_iter().map(str::to_owned));
                next = neighbour(app, &page, "next");
            }
            ids
        };
        let (numbered, by_cursor) = (walk(list.clone()).await, walk(format!("{list}&cursor=")).await);
        assert!(numbered.len() >= 3, "{list}");
        assert_eq!(numbered, by_cursor, "{list}");
        assert_eq!(app.get(&list).by(&t.admin).gives(200).await["count"], numbered.len(), "{list}");
    }
}

async fn invalid_page_parameter_is_rejected_with_400(app: &App) {
    let t = app.tenant().await;
    let wrong = [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=10001", "page"),
        ("page=one", "page"),
        ("page=", "page"),
        ("page_size=0", "page_size"),
        ("page_size=201", "page_size"),
        ("page_size=99999999999999999999", "page_size"),
        ("page=1&cursor=", "cursor"),
        ("page=1&page=2", "page"),
        ("pagesize=2", "pagesize"),
        ("limit=2", "limit"),
    ];
    for (query, name) in wrong {
        let refused = app.get(&format!("/tasks?{query}")).by(&t.member).send().await.expect(400);
        assert_eq!((refused.code(), refused.pointer()), ("invalid_parameter", name), "{query}");
    }
    let _ = app.get("/tasks?page=10000&page_size=200").by(&t.member).gives(200).await;
    // A page has 50 rows by default and at most 200.
    for batch in 0..3 {
        let titles: Vec<_> = (0..17).map(|number| format!("task {batch} {number}")).collect();
        let titles: Vec<_> = titles.iter().map(String::as_str).collect();
        let _ = tasks(app, &t.member, &titles).await;
    }
    let page = app.get("/tasks").by(&t.member).gives(200).await;
    assert_eq!((each(&page, "id").len(), &page["count"]), (50, &json!(51)));
    let page = app.get("/tasks?cursor=").by(&t.member).gives(200).await;
    assert_eq!(each(&page, "id").len(), 50);
}

async fn default_page_size_is_a_setting(app: &App) {
    let t = app.tenant().await;
    let _ = tasks(app, &t.member, &["one", "two", "three"]).await;
    let short = app.second(&["--page-size", "2"]).await;
    for (path, expected) in [("/tasks", 2), ("/tasks?cursor=", 2), ("/tasks?page_size=3", 3)] {
        let page = short.get(path).by(&t.member).gives(200).await;
        assert_eq!(page["results"].as_array().unwrap().len(), expected, "{path}");
    }
    short.finish().await;
    // The OpenAPI document of that server has the default for every list.
    let usual = taskhub::openapi::build().unwrap();
    let document = taskhub::openapi::build_with(2).unwrap();
    let said = |document: &Value, rows: u64| {
        let operations = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|path| path.as_object().unwrap().values());
        let parameters = operations.filter_map(|operation| operation["parameters"].as_array()).flatten();
        let sizes =
            parameters.filter(|parameter| parameter["description"] == "The number of results on a page.");
        sizes.filter(|size| size["schema"]["default"] == rows).count()
    };
    assert!(said(&usual, 50) > 0);
    assert_eq!((said(&document, 2), said(&document, 50)), (said(&usual, 50), said(&usual, 2)));
}
