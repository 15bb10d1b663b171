//! Filters, sorting and sparse fields: only those that the resource declares are accepted.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{each, tasks};

every_database!(
    filters_select_matching_rows,
    timestamps_are_filtered_by_comparison,
    undeclared_filter_sort_or_field_is_rejected_with_400,
    sorting_is_the_same_on_every_database,
    fields_parameter_selects_fields,
    tasks_are_listed_by_status,
    q_searches_names_and_descriptions,
);

async fn filters_select_matching_rows(app: &App) {
    let t = app.tenant().await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let project = project["id"].as_str().unwrap();
    let new = [
        json!({ "title": "one", "status": "in_progress", "priority": "urgent", "project_id": project }),
        json!({ "title": "two", "status": "done", "assignee_id": t.other.id, "project_id": project }),
        json!({ "title": "three", "assignee_id": t.member.id, "priority": "low" }),
    ];
    for body in new {
        let _ = app.post("/tasks").by(&t.member).json(&body).gives(201).await;
    }
    let (me, other) = (t.member.id, t.other.id);
    let cases = [
        ("status=todo".to_owned(), vec!["three"]),
        ("status=todo,in_progress".to_owned(), vec!["one", "three"]),
        ("status=cancelled".to_owned(), vec![]),
        ("priority=urgent,low".to_owned(), vec!["one", "three"]),
        (format!("project={project}"), vec!["one", "two"]),
        ("project=none".to_owned(), vec!["three"]),
        (format!("project=none,{project}"), vec!["one", "two", "three"]),
        ("assignee=me".to_owned(), vec!["three"]),
        (format!("assignee={other}"), vec!["two"]),
        (format!("assignee={other},me"), vec!["two", "three"]),
        ("assignee=none".to_owned(), vec!["one"]),
        (format!("owner={me}"), vec!["one", "two", "three"]),
        ("owner=me&status=done&priority=medium".to_owned(), vec!["two"]),
        (format!("project={}", t.id), vec![]),
    ];
    for (filter, titles) in cases {
        let page = app.get(&format!("/tasks?sort=created_at&{filter}")).by(&t.member).gives(200).await;
        assert_eq!(each(&page, "title"), titles, "{filter}");
        assert_eq!(page["count"], titles.len(), "{filter}");
    }
    let users = async |filter: &str| {
        let page = app.get(&format!("/users?sort=username&{filter}")).by(&t.member).gives(200).await;
        each(&page, "username").join(" ")
    };
    assert_eq!(users("role=member").await, "member other");
    assert_eq!(users("role=admin,manager&is_active=true").await, "admin manager");
    assert_eq!(users("is_active=false").await, "");
    assert_eq!(users("username=member").await, "member");
    // The match is exact: it is case-sensitive and has no wildcards.
    for near in ["Member", "memb%25", "m%C3%A9mber"] {
        assert_eq!(users(&format!("username={near}")).await, "", "{near}");
    }
}

async fn timestamps_are_filtered_by_comparison(app: &App) {
    let t = app.tenant().await;
    for (title, due) in [
        ("first", json!("2027-01-01T00:00:00Z")),
        ("second", json!("2027-01-02T00:00:00Z")),
        ("never", json!(null)),
    ] {
        let body = json!({ "title": title, "due_at": due });
        let _ = app.post("/tasks").by(&t.member).json(&body).gives(201).await;
    }
    let cases = [
        ("due_at[lt]=2027-01-02T00:00:00Z", "first"),
        ("due_at[lte]=2027-01-02T00:00:00Z", "first second"),
        ("due_at[gt]=2027-01-01T00:00:00Z", "second"),
        ("due_at[gte]=2027-01-01T00:00:00Z&due_at[lt]=2027-01-02T00:00:00Z", "first"),
        ("due_at%5Bgte%5D=2027-01-01T01:00:00%2B01:00", "first second"),
        ("due_at=2027-01-01T00:00:00.000Z", "first"),
        ("created_at[gt]=2020-01-01T00:00:00Z", "first second never"),
        ("completed_at[gt]=2020-01-01T00:00:00Z", ""),
    ];
    for (filter, titles) in cases {
        let page = app.get(&format!("/tasks?sort=created_at&{filter}")).by(&t.member).gives(200).await;
        assert_eq!(each(&page, "title").join(" "), titles, "{filter}");
    }
}

async fn undeclared_filter_sort_or_field_is_rejected_with_400(app: &App) {
    let t = app.tenant().await;
    let many = (0..51).map(|number| uuid::Uuid::from_u128(number).to_string()).collect::<Vec<_>>().join(",");
    let wrong = [
        ("/tasks", "status=open".to_owned(), "status"),
        ("/tasks", "status=".to_owned(), "status"),
        ("/tasks", "status=todo,".to_owned(), "status"),
        ("/tasks", "status[lt]=todo".to_owned(), "status[lt]"),
        ("/tasks", format!("project={many}"), "project"),
        ("/tasks", "status=todo&status=done".to_owned(), "status"),
        ("/tasks", "project=website".to_owned(), "project"),
        ("/tasks", "project=me".to_owned(), "project"),
        ("/tasks", "due_at=tomorrow".to_owned(), "due_at"),
        ("/tasks", "due_at[like]=2027".to_owned(), "due_at[like]"),
        ("/tasks", "due_at[lt]=none".to_owned(), "due_at[lt]"),
        ("/tasks", "tenant_id=none".to_owned(), "tenant_id"),
        ("/%74asks/", "nonsense=1".to_owned(), "nonsense"),
        ("/tasks", "title=one".to_owned(), "title"),
        ("/tasks", "sort=owner_id".to_owned(), "sort"),
        ("/tasks", "sort=".to_owned(), "sort"),
        ("/tasks", "sort=--title".to_owned(), "sort"),
        ("/tasks", "sort=title,-title".to_owned(), "sort"),
        ("/tasks", "sort=title,priority,due_at,updated_at".to_owned(), "sort"),
        ("/tasks", "fields=id,tenant_id".to_owned(), "fields"),
        ("/tasks", "fields=".to_owned(), "fields"),
        ("/users", "q[lt]=a".to_owned(), "q[lt]"),
        ("/users", "sort=email".to_owned(), "sort"),
        ("/users", "sort=password_hash".to_owned(), "sort"),
        ("/users", "username=member%20".to_owned(), "username"),
        ("/users", "is_active=yes".to_owned(), "is_active"),
        ("/users", "fields=id,password_hash".to_owned(), "fields"),
        ("/audit", "sort=actor_id".to_owned(), "sort"),
    ];
    for (path, query, name) in wrong {
        let refused = app.get(&format!("{path}?{query}")).by(&t.admin).send().await.expect(400);
        assert_eq!((refused.code(), refused.pointer()), ("invalid_parameter", name), "{query}");
        assert!(!refused.text.contains("hash"), "{}", refused.text);
    }
}

async fn sorting_is_the_same_on_every_database(app: &App) {
    let t = app.tenant().await;
    // Sorted by code point: upper case, lower case, then characters beyond ASCII. A prefix comes
    // before longer strings.
    let sorted = ["Zebra", "abc", "abc d", "abcd", "äpfel", "￦ won", "😀 smile"];
    let shuffled = ["äpfel", "😀 smile", "abc d", "Zebra", "abcd", "￦ won", "abc"];
    let _ = tasks(app, &t.member, &shuffled).await;
    let titles = async |query: &str| {
        let page = app.get(&format!("/tasks?{query}")).by(&t.member).gives(200).await;
        each(&page, "title").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(titles("sort=title").await, sorted);
    let mut reversed = sorted;
    reversed.reverse();
    assert_eq!(titles("sort=-title").await, reversed);
    let page = app.get("/tasks?sort=title&page_size=1").by(&t.member).gives(200).await;
    let first = format!("/tasks/{}", page["results"][0]["id"].as_str().unwrap());
    let change = json!({ "due_at": "2027-01-01T00:00:00Z", "priority": "urgent" });
    let _ = app.patch(&first).by(&t.member).json(&change).gives(200).await;
    // Rows without a due date come last in ascending order and first in descending order.
    assert_eq!(titles("sort=due_at,title").await[0], "Zebra");
    assert_eq!(titles("sort=-due_at,title").await[6], "Zebra");
    assert_eq!(titles("sort=-priority,title").await, sorted);
    assert_eq!(titles("sort=priority,-title").await[6], "Zebra");
}

async fn fields_parameter_selects_fields(app: &App) {
    let t = app.tenant().await;
    let made = tasks(app, &t.member, &["one"]).await;
    let page = app.get("/tasks?fields=title,id").by(&t.member).gives(200).await;
    assert_eq!(page["results"], json!([{ "id": made[0]["id"], "title": "one" }]));
    assert_eq!(page["count"], 1);
    let page = app.get("/tasks?fields=title&cursor=&page_size=1").by(&t.member).gives(200).await;
    assert_eq!(page["results"], json!([{ "title": "one" }]));
    // Naming a field that the caller may not see does not reveal it.
    let page = app.get("/users?fields=username,email&sort=username").by(&t.member).gives(200).await;
    assert_eq!(page["results"][0], json!({ "username": "admin" }));
    let page = app.get("/users?fields=username,email&sort=username").by(&t.admin).gives(200).await;
    assert_eq!(page["results"][0], json!({ "username": "admin", "email": t.admin.email }));
}

async fn tasks_are_listed_by_status(app: &App) {
    let t = app.tenant().await;
    let made = tasks(app, &t.member, &["one", "two"]).await;
    let done = format!("/tasks/{}/complete", made[0]["id"].as_str().unwrap());
    let _ = app.post(&done).by(&t.member).gives(200).await;
    let list = async |status: &str| {
        app.get(&format!("/tasks/by-status?status={status}")).by(&t.member).gives(200).await
    };
    assert_eq!(each(&list("done").await, "title"), ["one"]);
    assert_eq!(each(&list("todo,done").await, "title"), ["two", "one"]);
    // A value can be repeated as often as the OpenAPI document allows.
    assert_eq!(each(&list(&vec!["done"; 60].join(",")).await, "title"), ["one"]);
    for query in ["", "?page_size=2", "?status=open", "?status=todo&status=done"] {
        let refused = app.get(&format!("/tasks/by-status{query}")).by(&t.member).send().await.expect(400);
        assert_eq!(refused.pointer(), "status", "{query}");
    }
}

async fn q_searches_names_and_descriptions(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    for (path, about) in [("/clients", "notes"), ("/request-types", "description"), ("/teams", "goals")] {
        let (bakery, mill) = (
            json!({ "name": "Harbour Bäckerei", about: "Opens before dawn." }),
            json!({ "name": "Old Mill" }),
        );
        for body in [&bakery, &mill] {
            let _ = app.post(path).by(&t.admin).json(body).gives(201).await;
        }
        for (words, count) in [("harb", 1), ("b%C3%A4ckerei+HARBOUR", 1), ("dawn", 1), ("harbour+mill", 0)] {
            let found = app.get(&format!("{path}?q={words}")).by(&t.admin).gives(200).await;
            assert_eq!(found["count"], count, "{path} {words}");
        }
        let found = app.get(&format!("{path}?q=mill")).by(&t.admin).gives(200).await;
        let place = format!("{path}/{}", found["results"][0]["id"].as_str().unwrap());
        let _ = app.patch(&place).by(&t.admin).json(&json!({ "name": "New Quay" })).gives(200).await;
        assert_eq!(app.get(&format!("{path}?q=mill")).by(&t.admin).gives(200).await["count"], 0);
        assert_eq!(app.get(&format!("{path}?q=quay")).by(&t.admin).gives(200).await["count"], 1);
        assert_eq!(app.get(&format!("{path}?q=quay")).by(&u.admin).gives(200).await["count"], 0);
    }
    // Users outside a team do not find it.
    assert_eq!(app.get("/teams?q=harbour").by(&t.other).gives(200).await["count"], 0);
}
