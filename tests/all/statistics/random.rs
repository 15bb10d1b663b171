//! The statistics equal a recount after random writes.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{Dice, STATUSES, fold, nothing_is_left, project, recount::assert_exact, task};

every_database!(
    statistics_equal_a_recount_after_random_writes,
    several_nodes_compact_aggregates_concurrently,
);

async fn statistics_equal_a_recount_after_random_writes(app: &App) {
    let mut t = app.tenant().await;
    let projects = [project(app, &t.manager).await, project(app, &t.manager).await];
    let mut dice = Dice(7);
    let mut tasks = Vec::new();
    assert_exact(app, &t, &projects).await;
    for round in 0..6 {
        // Concurrent writes, often several to the same task.
        let mut writes = Vec::new();
        for _ in 0..16 {
            let fields = dice.fields(app, &projects);
            let what = dice.roll(8);
            let path = tasks.get(dice.roll(Ord::max(tasks.len(), 1))).cloned();
            writes.push((what, path, fields));
        }
        let made =
            join_all(writes.into_iter().map(async |(what, path, fields): (usize, Option<String>, Value)| {
                match (what, path) {
                    (0, Some(path)) => {
                        let _ = app.delete(&path).by(&t.admin).send().await;
                        None
                    }
                    (1, Some(path)) => {
                        let _ = app.post(&format!("{path}/complete")).by(&t.admin).send().await;
                        None
                    }
                    (2, Some(path)) => {
                        let _ = app.post(&format!("{path}/restore")).by(&t.admin).send().await;
                        None
                    }
                    (3..=5, Some(path)) => {
                        let _ = app.patch(&path).by(&t.admin).json(&fields).send().await;
                        None
                    }
                    _ => Some(task(app, &t.member, fields).await),
                }
            }))
            .await;
        tasks.extend(made.into_iter().flatten());
        assert_exact(app, &t, &projects).await;
        if round % 2 == 1 {
            fold(app).await;
            assert_exact(app, &t, &projects).await;
        }
        app.clock.advance(Duration::from_secs(1 + 7_919 * round * round));
        t = t.renewed(app);
    }
    for path in &tasks {
        let _ = app.delete(path).by(&t.admin).send().await;
    }
    fold(app).await;
    assert_exact(app, &t, &projects).await;
    // When deleted tasks can no longer be restored, nothing prevents the deletion of their project.
    for path in &tasks {
        let _ = app.delete(&path.replace("/tasks/", "/tasks/deleted/")).by(&t.admin).send().await;
    }
    fold(app).await;
    assert_exact(app, &t, &projects).await;
    for id in &projects {
        let _ = app.delete(&format!("/projects/{id}")).by(&t.manager).gives(204).await;
    }
    nothing_is_left(app, &t).await;
}

async fn several_nodes_compact_aggregates_concurrently(app: &App) {
    let t = app.tenant().await;
    let projects = [project(app, &t.manager).await];
    let there = app.second(&[]).await;
    for round in 0..4 {
        let write = async |number: usize| {
            let body = json!({ "project_id": projects[0], "status": STATUSES[(number + round) % 4] });
            let path = task(app, &t.member, body).await;
            let _ = app.patch(&path).by(&t.member).json(&json!({ "priority": "low" })).gives(200).await;
        };
        let writes = join_all((0..6).map(write));
        futures::join!(writes, fold(app), fold(&there), fold(app), fold(&there));
        assert_exact(app, &t, &projects).await;
    }
    fold(app).await;
    assert_exact(app, &t, &projects).await;
    there.finish().await;
}
