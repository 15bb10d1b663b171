//! The report of a team.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_tests::{App, Tenant, User, every_database};

use super::{lines, make, task, told, work};

every_database!(team_report_is_for_managers_of_the_team);

/// A team with a project, managed by the manager, with both members.
async fn team(app: &App, t: &Tenant) -> (Value, Value) {
    let team = make(app, &t.manager, "/teams", json!({ "name": "Design" })).await;
    for user in [&t.member, &t.other] {
        let place = format!("/teams/{}/members", team.as_str().unwrap());
        let _ = make(app, &t.manager, &place, json!({ "user_id": user.id })).await;
    }
    let project = make(
        app,
        &t.admin,
        "/projects",
        json!({ "name": "Brand", "team_id": team, "manager_id": t.admin.id }),
    )
    .await;
    (team, project)
}

async fn team_report_is_for_managers_of_the_team(app: &App) {
    let t = app.tenant().await;
    let (team, project) = team(app, &t).await;
    let elsewhere =
        make(app, &t.admin, "/projects", json!({ "name": "Else", "manager_id": t.admin.id })).await;
    for (place, user) in
        [(&project, &t.member), (&project, &t.member), (&project, &t.other), (&elsewhere, &t.member)]
    {
        let path = task(app, &t.admin, place, user, json!({})).await;
        work(app, user, &path, 10).await;
        let _ = app.post(&format!("{path}/complete")).by(user).gives(200).await;
    }
    app.clock.advance(Duration::from_secs(1));
    let report = format!("team?team={}", team.as_str().unwrap());
    let figures = async |user: &User| -> Vec<Value> {
        let all = lines(app, user, &report).await;
        all.iter().map(|line| told(line, ["username", "completed", "tracked_seconds"])).collect()
    };
    let (member, other) = (json!(["member", 2, 1200]), json!(["other", 1, 600]));
    let manager = json!(["manager", 0, 0]);
    assert_eq!(figures(&t.manager).await, [member.clone(), other.clone(), manager.clone()]);
    assert_eq!(figures(&t.member).await, std::slice::from_ref(&member));
    // An assignee counts, even without being a member of the team.
    let path = task(app, &t.admin, &project, &t.admin, json!({})).await;
    let _ = app.post(&format!("{path}/complete")).by(&t.admin).gives(200).await;
    app.clock.advance(Duration::from_secs(1));
    let all = [member.clone(), other, manager, json!(["admin", 1, 0])];
    assert_eq!(figures(&t.manager).await, all);
    assert_eq!(figures(&t.admin).await, all);
    let whole = app.get(&format!("/reports/{report}")).by(&t.manager).gives(200).await;
    let total = ["people", "assigned", "completed", "tracked_seconds", "mean_completion_seconds"];
    assert_eq!(told(&whole["total"], total), json!([4, 4, 4, 1800, 0]));
    let own = app.get(&format!("/reports/{report}")).by(&t.member).gives(200).await;
    assert_eq!(told(&own["total"], ["people", "completed"]), json!([1, 2]));
    let file = app.get(&format!("/reports/{report}&format=csv")).by(&t.manager).send().await.expect(200);
    assert_eq!(file.header("x-truncated"), "false");
    let last = csv::Reader::from_reader(file.text.as_bytes()).records().last().unwrap().unwrap();
    assert_eq!((&last[0], &last[1], &last[3]), ("", "(total)", "4"));
    // Users outside the team and callers of other tenants get no report.
    let stranger = make(app, &t.admin, "/teams", json!({ "name": "Else" })).await;
    let absent = format!("/reports/team?team={}", uuid::Uuid::from_u128(7));
    let unseen = format!("/reports/team?team={}", stranger.as_str().unwrap());
    let foreign = app.tenant().await.admin;
    let report = format!("/reports/{report}");
    for (path, user) in [(&unseen, &t.manager), (&report, &foreign), (&absent, &t.admin)] {
        assert_eq!(app.get(path).by(user).send().await.expect(404).code(), "not_found", "{path}");
    }
    // Nor is there a report of an absent or invisible project or user.
    let project = format!("/reports/completion?project={}", project.as_str().unwrap());
    let _ = app.get(&project).by(&foreign).gives(404).await;
    let _ = app.get(&format!("/reports/individual?user={}", t.member.id)).by(&foreign).gives(404).await;
}
