//! A mark in the OpenAPI document is enough to deprecate an operation.

use serde_json::json;
use taskhub_domain::Timestamp;
use taskhub_tests::{App, every_database};

every_database!(deprecation_mark_adds_the_response_headers);

/// The minimum time between deprecation and removal: 180 days.
const LIFE: i64 = 180 * 24 * 60 * 60;

async fn deprecation_mark_adds_the_response_headers(app: &App) {
    let t = app.tenant().await;
    for title in ["one more", "two more"] {
        let _ = app.post("/tasks").by(&t.member).json(&json!({ "title": title })).gives(201).await;
    }
    let mut document = serde_json::Value::clone(&app.document);
    let marked = &mut document["paths"]["/api/v1/tasks"]["get"];
    marked["x-deprecated-at"] = json!("2027-01-01T00:00:00Z");
    marked["x-sunset"] = json!("2027-07-01T12:30:00Z");
    let node = app.second_of(&[], document).await;
    let link = "</api/redoc#tag/tasks/operation/list_tasks>; rel=\"deprecation\"; type=\"text/html\"";

    let listed = node.get("/tasks?page_size=1").by(&t.member).send().await.expect(200);
    // 1798761600 is the first second of 2027.
    assert_eq!(listed.header("deprecation"), "@1798761600");
    assert_eq!(listed.header("sunset"), "Thu, 01 Jul 2027 12:30:00 GMT");
    let links: Vec<_> = listed.headers.get_all("link").iter().map(|one| one.to_str().unwrap()).collect();
    assert!(links.contains(&link), "{links:?}");
    assert!(links.iter().any(|one| one.contains("rel=\"next\"")), "{links:?}");
    // Error responses have the headers, too.
    let refused = node.get("/tasks").send().await.expect(401);
    assert_eq!((refused.header("deprecation"), refused.header("link")), ("@1798761600", link));
    // Other operations do not have the headers, nor has this one without the mark.
    for answer in [node.get("/projects").by(&t.member), app.get("/tasks").by(&t.member)] {
        let answer = answer.send().await.expect(200);
        assert_eq!((answer.header("deprecation"), answer.header("sunset")), ("", ""));
    }
    node.finish().await;
}

#[test]
fn deprecation_marks_are_valid_and_give_180_days() {
    let document = taskhub::openapi::build().unwrap();
    for operation in
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        let instant =
            |name: &str| operation[name].as_str().map(|text| text.parse::<Timestamp>().unwrap().seconds());
        match (instant("x-deprecated-at"), instant("x-sunset")) {
            (None, None) => {
                assert!(operation["deprecated"].is_null(), "{} has no date", operation["operationId"]);
            }
            (Some(at), Some(sunset)) => {
                assert!(sunset - at >= LIFE, "{} goes too soon", operation["operationId"]);
            }
            _ => panic!("{} has half a mark", operation["operationId"]),
        }
    }
}
