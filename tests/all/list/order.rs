//! A property test: for random rows, filters and sorts, both directions of cursor paging and
//! numbered pages return the full list in order.

use std::{cmp::Ordering, time::Duration};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::neighbour;

every_database!(every_way_of_paging_returns_the_full_list);

const ROWS: usize = 60;
const QUERIES: usize = 40;
const PRIORITIES: [&str; 4] = ["low", "medium", "high", "urgent"];
const STATUSES: [&str; 4] = ["todo", "in_progress", "done", "cancelled"];
const SORTS: [&str; 5] = ["created_at", "updated_at", "due_at", "title", "priority"];

/// A new task with few possible values, so that many rows have equal sort keys.
fn task() -> impl Strategy<Value = Value> {
    let title = prop::sample::select(vec!["abc", "abc d", "Abc", "äbc", "￦bc", "😀bc"]);
    let due = prop::option::of(prop::sample::select(vec![
        "2027-01-01T00:00:00Z",
        "2027-01-01T00:00:00.000001Z",
        "1969-12-31T23:59:59Z",
    ]));
    let (status, priority) =
        (prop::sample::select(STATUSES.to_vec()), prop::sample::select(PRIORITIES.to_vec()));
    (title, due, status, priority).prop_map(|(title, due, status, priority)| {
        json!({ "title": title, "due_at": due, "status": status, "priority": priority })
    })
}

/// A query of the list.
#[derive(Clone, Debug)]
struct Question {
    sort: Vec<(&'static str, bool)>,
    statuses: Vec<&'static str>,
    size: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let sort = prop::sample::subsequence(SORTS.to_vec(), 0..=3).prop_shuffle();
    let keys = sort
        .prop_flat_map(|names| names.into_iter().map(|name| (Just(name), any::<bool>())).collect::<Vec<_>>());
    let statuses = prop::sample::subsequence(STATUSES.to_vec(), 0..=3);
    (keys, statuses, 1..9usize).prop_map(|(sort, statuses, size)| Question { sort, statuses, size })
}

impl Question {
    fn query(&self) -> String {
        let mut query = format!("page_size={}", self.size);
        if !self.sort.is_empty() {
            let keys = self.sort.iter().map(|(name, down)| format!("{}{name}", if *down { "-" } else { "" }));
            query.extend(["&sort=", &keys.collect::<Vec<_>>().join(",")]);
        }
        if !self.statuses.is_empty() {
            query.extend(["&status=", &self.statuses.join(",")]);
        }
        query
    }

    /// The ids of the whole list, in order.
    fn answer(&self, rows: &[Value]) -> Vec<String> {
        let asked = |row: &&Value| {
            self.statuses.is_empty() || self.statuses.contains(&row["status"].as_str().unwrap())
        };
        let mut rows: Vec<_> = rows.iter().filter(asked).collect();
        let mut keys = if self.sort.is_empty() { vec![("created_at", true)] } else { self.sort.clone() };
        if keys.iter().all(|(name, _)| *name != "created_at") {
            keys.push(("created_at", keys.last().unwrap().1));
        }
        rows.sort_by(|a, b| {
            let by = |(name, down): &(&str, bool)| {
                let order = compare(name, a, b);
                if *down { order.reverse() } else { order }
            };
            keys.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }
}

fn compare(name: &str, a: &Value, b: &Value) -> Ordering {
    let text = |row: &Value, name: &str| row[name].as_str().map(str::to_owned);
    match name {
        // Ids grow with time and break all ties.
        "created_at" => text(a, "id").cmp(&text(b, "id")),
        "priority" => {
            let rank = |row: &Value| PRIORITIES.iter().position(|word| row["priority"] == *word);
            rank(a).cmp(&rank(b))
        }
        // Null comes last.
        "due_at" => (a["due_at"].is_null(), text(a, name)).cmp(&(b["due_at"].is_null(), text(b, name))),
        _ => text(a, name).cmp(&text(b, name)),
    }
}

async fn every_way_of_paging_returns_the_full_list(app: &App) {
    let (t, stranger) = (app.tenant().await, app.tenant().await);
    let mut runner = TestRunner::default();
    let mut rows = Vec::new();
    for number in 0..ROWS {
        let body = task().new_tree(&mut runner).unwrap().current();
        // Some rows have the same timestamp, and rows of another tenant lie in between.
        app.clock.advance(Duration::from_micros(u64::from(number % 3 == 0)));
        rows.push(app.post("/tasks").by(&t.member).json(&body).gives(201).await);
        if number % 4 == 0 {
            let _ = app.post("/tasks").by(&stranger.member).json(&body).gives(201).await;
        }
    }
    for _ in 0..QUERIES {
        let question = question().new_tree(&mut runner).unwrap().current();
        let (query, answer) = (question.query(), question.answer(&rows));
        let (forwards, last) = walk(app, &t.member.token, format!("/tasks?{query}&cursor="), "next").await;
        assert_eq!(forwards.concat(), answer, "{query} of {rows:#?}");
        assert!(forwards.iter().rev().skip(1).all(|page| page.len() == question.size), "{query}");
        let (mut back, _) = walk(app, &t.member.token, last, "previous").await;
        back.reverse();
        assert_eq!(back.concat(), answer, "{query} backwards of {rows:#?}");
        let (numbered, _) = walk(app, &t.member.token, format!("/tasks?{query}"), "next").await;
        assert_eq!(numbered.concat(), answer, "{query} by numbers of {rows:#?}");
    }
}

/// The ids of all pages from the first one on, and the path of the last page.
async fn walk(app: &App, token: &str, start: String, direction: &str) -> (Vec<Vec<String>>, String) {
    let (mut pages, mut path) = (Vec::new(), start);
    loop {
        let page = app.get(&path).token(token).gives(200).await;
        let rows = page["results"].as_array().unwrap();
        pages.push(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect());
        let Some(next) = neighbour(app, &page, direction) else { return (pages, path) };
        assert!(pages.len() <= ROWS, "{path} has no end");
        path = next;
    }
}
