//! Sorting, selected fields, and tasks in the order of their status.

use serde_json::json;
use taskhub_tests::{App, every_database};

use crate::list::{each, tasks};

every_database!(
    sorting_is_the_same_on_every_database,
    fields_parameter_selects_fields,
    tasks_are_listed_by_status,
);

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
