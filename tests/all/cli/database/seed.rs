//! Seeding the database with example data.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    cli::taskhub,
    process::{LIFTED, Served},
};

#[test]
fn seeded_tenants_are_ready_to_use() {
    actix_web::rt::System::new().block_on(async {
        let folder = TempDir::new().unwrap();
        let seed = || taskhub(folder.path(), "seed --tenants 2 --tasks 200").said();
        assert!(seed().contains("2 tenants with 200 tasks each"));
        // The data can be seeded again after a wipe.
        let _ = taskhub(folder.path(), "wipe --yes").said();
        let _ = seed();
        let tokens = fs::read_to_string(folder.path().join("test_tokens.json")).unwrap();
        let tokens: Value = serde_json::from_str(&tokens).unwrap();
        assert_eq!(tokens["tenants"].as_array().unwrap().len(), 2);
        // The issuer is the public URL, which must be the same as when the tokens were minted.
        let flags = [&LIFTED[..], &["--public-url", "http://127.0.0.1:8080"]].concat();
        let server = Served::start(folder.path(), &flags).await;
        let mut listed = Vec::new();
        for tenant in tokens["tenants"].as_array().unwrap() {
            let users = tenant["users"].as_array().unwrap();
            assert_eq!(users.len(), 6);
            for user in users {
                let token = user["access_token"].as_str().unwrap();
                let profile = server.gives(200, "GET", "/auth/profile", token, Value::Null).await;
                assert_eq!((&profile["id"], &profile["role"]), (&user["id"], &user["role"]));
                let tasks = server.gives(200, "GET", "/tasks?page_size=200", token, Value::Null).await;
                assert!(tasks["count"].as_i64().unwrap() >= 100, "{tasks}");
                listed.extend(tasks["results"].as_array().unwrap().iter().map(|task| task["id"].to_string()));
            }
            let body = json!({ "email": users[0]["email"], "password": tokens["password"] });
            let _ = server.gives(200, "POST", "/auth/token", "", body).await;
            let mut body = tenant["service"].clone();
            body["grant_type"] = json!("client_credentials");
            let _ = server.gives(200, "POST", "/auth/token", "", body).await;
            everything_is_there(&server, users).await;
        }
        // The two tenants share no task. Each has more tasks than requested, because the example of
        // the office move adds some.
        let count = listed.len();
        listed.sort_unstable();
        listed.dedup();
        assert!(listed.len() > 380 && listed.len() < count, "{}", listed.len());
        let _ = server.stop().await;
    });
}

/// Reads every list of the tenant, as its admin and as other users.
async fn everything_is_there(server: &Served, users: &[Value]) {
    let token = |who: usize| users[who]["access_token"].as_str().unwrap();
    let get = async |who: usize, path: &str| server.gives(200, "GET", path, token(who), Value::Null).await;
    let count = async |who: usize, path: &str| get(who, path).await["count"].as_i64().unwrap();
    for (path, least) in [
        ("/users", 6),
        ("/teams", 2),
        ("/projects", 8),
        ("/projects?status=completed", 1),
        ("/projects?status=on_hold", 1),
        ("/documents", 14),
        ("/labels", 3),
        ("/clients", 5),
        ("/request-types", 3),
        ("/requests?status=pending", 1),
        ("/requests?status=in_progress", 1),
        ("/requests?status=completed", 5),
        ("/tasks?status=todo", 20),
        ("/tasks?status=in_progress", 5),
        ("/tasks?status=done", 60),
        ("/tasks?status=cancelled", 5),
        ("/tasks/deleted", 3),
        ("/time-entries", 100),
        ("/invitations", 1),
        ("/service-accounts", 1),
        ("/audit", 500),
    ] {
        let there = count(0, path).await;
        assert!(there >= least, "{path}: {there}");
    }
    assert_eq!(count(0, "/tasks?owner=none").await, 0);
    assert_eq!(count(0, "/documents?author=none").await, 0);
    let now = get(0, "/reports/workload").await["to"].as_str().unwrap().to_owned();
    let open = "status=todo,in_progress&start_at[gte]=2000-01-01T00:00:00Z";
    for past in ["lt", "gte"] {
        assert!(count(0, &format!("/tasks?{open}&due_at[{past}]={now}")).await > 3, "{past}");
    }
    for (who, user) in users.iter().enumerate().take(6) {
        assert!(count(who, "/notifications").await > 0, "{who}");
        let worked = format!("/time-entries?user={}", user["id"].as_str().unwrap());
        assert!(count(who, &worked).await > 0, "{who}");
    }
    // Rows below tasks and documents.
    let tasks = get(0, "/tasks?sort=created_at&page_size=60&status=done").await;
    let mut within = std::collections::BTreeMap::<&str, usize>::new();
    for task in tasks["results"].as_array().unwrap() {
        assert!(task["completed_at"].as_str() > task["created_at"].as_str() && task["owner_id"].is_string());
        for what in ["comments", "watchers", "attachments", "time-entries"] {
            let rows = get(0, &format!("/tasks/{}/{what}", task["id"].as_str().unwrap())).await;
            let rows = rows["results"].as_array().unwrap();
            assert!(what != "comments" || rows.iter().all(|row| row["author_id"].is_string()), "{rows:?}");
            *within.entry(what).or_default() += rows.len();
            let mentions = |row: &&Value| row["mentions"].as_array().is_some_and(|all| !all.is_empty());
            *within.entry("mentions").or_default() += rows.iter().filter(mentions).count();
        }
    }
    assert!(within.values().all(|rows| *rows > 5), "{within:?}");
    let reminders = async |who: usize| {
        let mut rows = 0;
        for task in get(who, "/tasks?page_size=200").await["results"].as_array().unwrap() {
            let path = format!("/tasks/{}/reminders", task["id"].as_str().unwrap());
            rows += get(who, &path).await["results"].as_array().unwrap().len();
        }
        rows
    };
    assert!(reminders(3).await + reminders(4).await > 0);
    let (mut versions, mut files) = (0, 0);
    for document in get(0, "/documents").await["results"].as_array().unwrap() {
        let path = format!("/documents/{}", document["id"].as_str().unwrap());
        versions += count(0, &format!("{path}/versions")).await;
        if get(0, &path).await["file"].is_object() {
            files += 1;
        }
    }
    assert!(versions >= 40 && files >= 7, "{versions} {files}");
    // Reports have content.
    for (who, team) in [(1, 0), (2, 1), (0, 0)] {
        let teams = get(0, "/teams?sort=created_at").await;
        let team = teams["results"][team]["id"].as_str().unwrap().to_owned();
        let report = get(who, &format!("/reports/team?team={team}")).await;
        assert_eq!(report["results"].as_array().unwrap().len(), 3, "{report}");
        let total = &report["total"];
        for figure in ["completed", "tracked_seconds", "mean_completion_seconds"] {
            assert!(total[figure].as_i64().unwrap() > 0, "{figure}: {report}");
        }
    }
    let completion = get(0, "/reports/completion").await;
    let days = completion["results"].as_array().unwrap();
    assert!(days.iter().filter(|day| day["completed"].as_i64() > Some(0)).count() > 5, "{completion}");
    let dashboard = get(3, "/dashboard").await;
    assert!(dashboard["open"].as_i64().unwrap() > 3, "{dashboard}");
}
