//! Cursors: opaque, bound to their list, and stable while the list changes.

use std::collections::BTreeSet;

use serde_json::Value;
use taskhub_tests::{App, every_database};

use super::{each, neighbour, tasks};
use crate::concurrency::rows;

every_database!(cursor_is_valid_only_for_its_list, paging_a_changing_list_returns_every_row_once);

async fn cursor_is_valid_only_for_its_list(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let _ = tasks(app, &t.member, &["one", "two", "three"]).await;
    let _ = tasks(app, &u.member, &["four", "five", "six"]).await;
    let page = app.get("/tasks?cursor=&page_size=1&status=todo").by(&t.member).gives(200).await;
    let next = neighbour(app, &page, "next").unwrap();
    let cursor = next.split_once("cursor=").unwrap().1.to_owned();
    let _ = app.get(&next).by(&t.member).gives(200).await;
    // The order of the parameters does not matter.
    let _ =
        app.get(&format!("/tasks?cursor={cursor}&status=todo&page_size=1")).by(&t.member).gives(200).await;
    let refused = async |path: &str, token: &str, why: &str| {
        let refused = app.get(path).token(token).send().await;
        assert_eq!((refused.status, refused.pointer()), (400, "cursor"), "{why}: {}", refused.text);
    };
    refused(&next, &u.member.token, "another tenant").await;
    for (query, why) in [
        ("status=done", "another filter"),
        ("status=todo,done", "a wider filter"),
        ("x", "no filter"),
        ("status=todo&owner=me", "a filter more"),
        ("status=todo&sort=title", "another sort"),
        ("status=todo&sort=created_at", "the other direction"),
    ] {
        let query = if query == "x" { "page_size=1" } else { query };
        refused(&format!("/tasks?{query}&cursor={cursor}"), &t.member.token, why).await;
    }
    for path in ["/projects", "/documents", "/users", "/audit"] {
        refused(&format!("{path}?cursor={cursor}"), &t.admin.token, "another noun").await;
    }
    for position in 0..cursor.len() {
        let mut tampered = cursor.clone();
        let other = if tampered[position..].starts_with('A') { "B" } else { "A" };
        tampered.replace_range(position..=position, other);
        // The last character of base64 can contain unused bits. The decoder refuses them, too.
        refused(&format!("/tasks?status=todo&cursor={tampered}"), &t.member.token, "tampered").await;
    }
    for made_up in ["A", "e30", "bm90IGEgY3Vyc29y", "%00", &"A".repeat(5000)] {
        refused(&format!("/tasks?status=todo&cursor={made_up}"), &t.member.token, "made up").await;
    }
}

async fn paging_a_changing_list_returns_every_row_once(app: &App) {
    for sort in ["created_at", "-created_at", "title", "-title", "due_at,title", "priority,-title"] {
        let t = app.tenant().await;
        let remove = async |id: &Value| {
            let path = format!("/tasks/{}", id.as_str().unwrap());
            let _ = app.delete(&path).by(&t.member).gives(204).await;
        };
        let titles: Vec<_> = (10..30).map(|number| format!("task {number}")).collect();
        let made = tasks(app, &t.member, &titles.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let mut unseen: BTreeSet<_> = titles.iter().map(String::as_str).collect();
        let mut page =
            app.get(&format!("/tasks?cursor=&page_size=3&sort={sort}")).by(&t.member).gives(200).await;
        for round in 0.. {
            for title in each(&page, "title") {
                // A row added meanwhile may be returned or not. A row that was there is returned
                // once.
                let added = title.starts_with("added") || title.starts_with("until");
                assert!(unseen.remove(title) || added, "{sort}: {title} came twice");
            }
            let Some(next) = neighbour(app, &page, "next") else { break };
            if round < 3 {
                // Deletes the row at the cursor and one not yet returned, and adds a row at both
                // ends.
                remove(&page["results"][2]["id"]).await;
                let gone = unseen.pop_last().unwrap();
                remove(&made.iter().find(|task| task["title"] == gone).unwrap()["id"]).await;
                let _ = tasks(app, &t.member, &[&format!("added {round}"), &format!("until {round}")]).await;
            }
            page = app.get(&next).by(&t.member).gives(200).await;
        }
        assert_eq!(unseen, BTreeSet::new(), "{sort}");
        // Pages backwards while the row at the cursor is deleted: every existing row is returned
        // once.
        let there: BTreeSet<_> = rows(app, &t.member.token, "/tasks").await.iter().map(id).collect();
        let mut met: BTreeSet<_> = page["results"].as_array().unwrap().iter().map(id).collect();
        while let Some(previous) = neighbour(app, &page, "previous") {
            remove(&page["results"][0]["id"]).await;
            page = app.get(&previous).by(&t.member).gives(200).await;
            for row in page["results"].as_array().unwrap() {
                assert!(met.insert(id(row)), "{sort}: {row} came twice on the way back");
            }
        }
        assert_eq!(met, there, "{sort}");
    }
}

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}
