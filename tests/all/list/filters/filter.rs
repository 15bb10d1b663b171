//! Filters: by fields, by timestamps and by words.

use serde_json::json;
use taskhub_tests::{App, every_database};

use crate::list::each;

every_database!(
    filters_select_matching_rows,
    timestamps_are_filtered_by_comparison,
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
