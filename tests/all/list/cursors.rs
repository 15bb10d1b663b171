//! Cursors: sealed, bound to their list, and steady on a list that changes.

use std::collections::BTreeSet;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{each, neighbour, tasks};

every_database!(a_cursor_is_good_for_its_list_alone, a_changing_list_is_covered_once);

async fn a_cursor_is_good_for_its_list_alone(app: &App) {
    let (t, u) = (app.tenant().await, app.tenant().await);
    let _ = tasks(app, &t.member, &["one", "two", "three"]).await;
    let _ = tasks(app, &u.member, &["four", "five", "six"]).await;
    let page = app.get("/tasks?cursor=&page_size=1&status=todo").by(&t.member).gives(200).await;
    let next = neighbour(app, &page, "next").unwrap();
    let cursor = next.split_once("cursor=").unwrap().1.to_owned();
    let _ = app.get(&next).by(&t.member).gives(200).await;
    // The order of parameters is no matter.
    let _ = app.get(&format!("/tasks?cursor={cursor}&status=todo&page_size=1")).by(&t.member).gives(200).await;
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
        // The last character of base64 may bear bits that mean nothing: the decoder refuses those too.
        refused(&format!("/tasks?status=todo&cursor={tampered}"), &t.member.token, "tampered").await;
    }
    for made_up in ["A", "e30", "bm90IGEgY3Vyc29y", "%00", &"A".repeat(5000)] {
        refused(&format!("/tasks?status=todo&cursor={made_up}"), &t.member.token, "made up").await;
    }
}

async fn a_changing_list_is_covered_once(app: &App) {
    let t = app.tenant().await;
    let names: Vec<_> = (10..30).map(|number| format!("task {number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    for sort in ["created_at", "-created_at", "title", "-title", "due_at,title", "priority,-title"] {
        for task in super::super::concurrency::rows(app, &t.member.token, "/tasks").await {
            let _ = app.delete(&format!("/tasks/{}", task["id"].as_str().unwrap())).by(&t.member).gives(204).await;
        }
        let made = tasks(app, &t.member, &names).await;
        let mut unseen: BTreeSet<_> = made.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect();
        let mut next = Some(format!("/tasks?cursor=&page_size=3&sort={sort}"));
        let (mut last, mut round) = (None, 0);
        while let Some(path) = next {
            let page = app.get(&path).by(&t.member).gives(200).await;
            for title in each(&page, "title") {
                // What was added on the way may be met or not; what was there is met once.
                assert!(unseen.remove(title) || title.starts_with("added"), "{sort}: {title} came twice");
            }
            next = neighbour(app, &page, "next");
            // The row that the cursor stands at goes away, one is added at each end, and one not yet seen goes too.
            let edge = page["results"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
            if next.is_some() {
                let _ = app.delete(&format!("/tasks/{edge}")).by(&t.member).gives(204).await;
                let (low, high) = (format!("added 0 {round}"), format!("uadded {round}"));
                let _ = tasks(app, &t.member, &[&low, &high.replacen('u', "added z ", 1)]).await;
                if round == 1 {
                    let gone = unseen.pop_last().unwrap();
                    let id = made.iter().find(|task| task["title"] == gone.as_str()).unwrap()["id"].clone();
                    let path = format!("/tasks/{}", id.as_str().unwrap());
                    let _ = app.delete(&path).by(&t.member).gives(204).await;
                }
                round += 1;
            }
            last = Some(page);
            assert!(round < 100, "{sort}: the walk does not end");
            if round > 20 {
                break;
            }
        }
        assert_eq!(unseen, BTreeSet::new(), "{sort}");
        // And back: everything that is there before the last page, each once, while the row at the cursor goes away.
        let mut page = last.unwrap();
        let mut there: BTreeSet<_> = BTreeSet::new();
        while let Some(path) = neighbour(app, &page, "previous") {
            let edge = page["results"][0]["id"].as_str().unwrap().to_owned();
            let _ = app.delete(&format!("/tasks/{edge}")).by(&t.member).gives(204).await;
            page = app.get(&path).by(&t.member).gives(200).await;
            for id in each(&page, "id") {
                assert!(there.insert(id.to_owned()), "{sort}: {id} came twice on the way back");
            }
        }
        assert_eq!(page["previous"], json!(null));
    }
}
