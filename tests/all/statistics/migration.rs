//! The aggregates that the migrations build for existing tasks are exact.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, Backend};

use super::{Dice, fold, nothing_is_left, project, recount::assert_exact, task};

#[test]
fn existing_tasks_are_counted() {
    // This test has its own database, because it runs migrations.
    taskhub_tests::run(Backend::Sqlite, |app| Box::pin(aggregates_built_by_migrations_are_exact(app)));
}

/// The migration must use the same keys for the aggregates as the server: when all tasks are gone,
/// nothing is left.
async fn aggregates_built_by_migrations_are_exact(app: &App) {
    let mut t = app.tenant().await;
    let projects = [project(app, &t.manager).await, project(app, &t.manager).await];
    let mut dice = Dice(11);
    let mut tasks = Vec::new();
    for round in 0..40_u32 {
        let mut fields = dice.fields(app, &projects);
        fields["project_id"] = json!(projects[round as usize % 2]);
        tasks.push(task(app, &t.member, fields).await);
        // Durations from a second to more than a century, in every power of two.
        app.clock.advance(Duration::from_secs((1_u64 << (round % 32)) + u64::from(round)));
        t = t.renewed(app);
        let some = &tasks[dice.roll(tasks.len())];
        let _ = app.post(&format!("{some}/complete")).by(&t.admin).send().await;
    }
    let database = app.state.settings.database();
    let migrations = database.migrations().await.unwrap();
    // The first version of the aggregates, and the current one, which includes the time spent.
    for (name, worked) in [("m0005_projects", false), ("m0012_sums", true)] {
        if worked {
            let body = json!({ "started_at": app.clock.now().minus(Duration::from_hours(1)).to_string(), "minutes": 35 });
            let _ = app.post(&format!("{}/time-entries", tasks[3])).by(&t.admin).json(&body).gives(201).await;
            let _ = app.delete(&tasks[7]).by(&t.admin).gives(204).await;
        }
        let ours = migrations.iter().position(|migration| migration.name == name).unwrap();
        database.migrate_down(Some(u32::try_from(migrations.len() - ours).unwrap())).await.unwrap();
        database.migrate().await.unwrap();
        assert_exact(app, &t, &projects).await;
        fold(app).await;
        assert_exact(app, &t, &projects).await;
    }
    let _ = app.post(&format!("{}/restore", tasks[7])).by(&t.admin).gives(200).await;
    for path in &tasks {
        let _ = app.delete(path).by(&t.admin).gives(204).await;
        let _ = app.delete(&path.replace("/tasks/", "/tasks/deleted/")).by(&t.admin).gives(204).await;
    }
    nothing_is_left(app, &t).await;
}
