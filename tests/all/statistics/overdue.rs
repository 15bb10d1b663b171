//! The overdue count follows the clock, to the microsecond.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{fold, project, task};

every_database!(overdue_count_follows_the_clock, overdue_count_is_exact_to_the_microsecond);

async fn overdue_count_follows_the_clock(app: &App) {
    let t = app.tenant().await;
    let id = project(app, &t.manager).await;
    let overdue = async || {
        let by = t.renewed(app).member;
        let one = app.get(&format!("/projects/{id}/statistics")).by(&by).gives(200).await;
        let all = app.get("/projects/statistics").by(&by).gives(200).await;
        assert_eq!(one["overdue"], all["overdue"]);
        one["overdue"].as_i64().unwrap()
    };
    let now = app.clock.now();
    let day = (86_400_000_000 - now.micros().rem_euclid(86_400_000_000)).unsigned_abs();
    let midnight = now.plus(Duration::from_micros(day));
    for due in [midnight.minus(Duration::from_micros(1)), midnight, midnight.plus(Duration::from_hours(1))] {
        let _ = task(app, &t.member, json!({ "project_id": id, "due_at": due.to_string() })).await;
        let done = json!({ "project_id": id, "due_at": due.to_string(), "status": "done" });
        let _ = task(app, &t.member, done).await;
    }
    assert_eq!(overdue().await, 0);
    for (micros, expected) in
        [(day - 1, 0), (1, 1), (1, 2), (3_600_000_000 - 1, 2), (1, 3), (86_400_000_000, 3)]
    {
        app.clock.advance(Duration::from_micros(micros));
        assert_eq!(overdue().await, expected, "{}", app.clock.now());
    }
}

/// Due dates on both sides of the boundaries of the tree's nodes, and fractions of the current
/// second.
async fn overdue_count_is_exact_to_the_microsecond(app: &App) {
    let t = app.tenant().await;
    let id = project(app, &t.manager).await;
    let now = app.clock.now();
    let mut expected = 0;
    for level in 0..6 {
        for micros in [(1_u64 << (6 * level)) * 1_000_000, (1 << (6 * level)) * 1_000_000 - 1, 1] {
            let later = Duration::from_micros(micros);
            for due in [now.plus(later), now, now.minus(later)] {
                let _ = task(app, &t.member, json!({ "project_id": id, "due_at": due.to_string() })).await;
            }
            expected += 1;
        }
    }
    let path = format!("/projects/{id}/statistics");
    for folded in [false, true] {
        if folded {
            fold(app).await;
        }
        for path in [path.as_str(), "/projects/statistics"] {
            for user in [&t.admin, &t.member] {
                assert_eq!(
                    app.get(path).by(user).gives(200).await["overdue"],
                    expected,
                    "{path}, folded: {folded}"
                );
            }
        }
    }
    // A microsecond later the tasks due at this instant are overdue, too.
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(app.get(&path).by(&t.admin).gives(200).await["overdue"], 2 * expected);
}
