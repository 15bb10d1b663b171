//! Which projects count in the reports of a manager.

use std::time::Duration;

use serde_json::json;
use taskhub_tests::{App, User, every_database};

use super::{lines, make, task, work};

every_database!(report_excludes_projects_that_the_manager_does_not_manage);

/// The reports of a manager count what they manage, not what they merely see.
async fn report_excludes_projects_that_the_manager_does_not_manage(app: &App) {
    let t = app.tenant().await;
    let team = make(app, &t.admin, "/teams", json!({ "name": "Design" })).await;
    let place = format!("/teams/{}/members", team.as_str().unwrap());
    for user in [&t.manager, &t.member] {
        let _ = make(app, &t.admin, &place, json!({ "user_id": user.id })).await;
    }
    let body = json!({ "name": "Brand", "team_id": team, "manager_id": t.admin.id });
    let project = make(app, &t.admin, "/projects", body).await;
    let path = task(app, &t.admin, &project, &t.member, json!({})).await;
    let done = task(app, &t.admin, &project, &t.member, json!({})).await;
    let _ = app.post(&format!("{done}/complete")).by(&t.member).gives(200).await;
    work(app, &t.member, &path, 30).await;
    app.clock.advance(Duration::from_secs(1));
    let _ = app.get(&path).by(&t.manager).gives(200).await;
    let of = format!("individual?user={}", t.member.id);
    let counted = async |user: &User| {
        let own = lines(app, user, &of).await;
        let completed = lines(app, user, "completion").await;
        let completed: i64 = completed.iter().map(|line| line["completed"].as_i64().unwrap()).sum();
        let workload = lines(app, user, "workload").await.len();
        let time = lines(app, user, "time-by-project").await.len();
        json!([own[0]["completed"], own[0]["tracked_seconds"], completed, workload, time])
    };
    assert_eq!(counted(&t.manager).await, json!([0, 0, 0, 0, 0]));
    assert_eq!(counted(&t.other).await, json!([0, 0, 0, 0, 0]));
    for user in [&t.admin, &t.member] {
        assert_eq!(counted(user).await, json!([1, 1800, 1, 1, 1]));
    }
    let theirs = app.tenant().await;
    let _ = app.get(&format!("/reports/{of}")).by(&theirs.admin).gives(404).await;
}
