//! Events of rows that appear or disappear with a team.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{shown, told};
use crate::feed::{Stream, make, now, since, team};

every_database!(row_that_becomes_visible_again_is_read_again, leaving_a_team_is_reported_to_the_user);

async fn row_that_becomes_visible_again_is_read_again(app: &App) {
    let t = app.tenant().await;
    let (project, task) = team(app, &t).await;
    let (elsewhere, _) = make(app, &t.admin, "/teams", json!({ "name": "Print" })).await;
    let home = app.get(&project).by(&t.admin).gives(200).await["team_id"].clone();
    let begin = now(app, &t.member).await;
    let moves = async |team: &Value| {
        let _ = app.patch(&project).by(&t.admin).json(&json!({ "team_id": team })).gives(200).await;
    };
    moves(&elsewhere).await;
    let _ = app.patch(&task).by(&t.admin).json(&json!({ "title": "Emblem" })).gives(200).await;
    let nouns = "&noun=task,project";
    let (changes, middle) = since(app, &t.member.token, &begin, nouns).await;
    assert_eq!(changes.iter().map(shown).collect::<Vec<_>>(), ["project.hidden 2 reread"]);
    // The event does not reveal the new place of the row.
    assert_eq!(changes[0]["within"], Value::Null);
    // Users who never saw the row get no event.
    assert!(told(app, &t.other, &begin, "task,project").await.is_empty());
    moves(&home).await;
    assert_eq!(told(app, &t.member, &middle, "task,project").await, ["project.update 3 reread"]);
    // A row that was deleted meanwhile is also reported as hidden.
    moves(&elsewhere).await;
    let _ = app.delete(&task).by(&t.admin).gives(204).await;
    let _ = app.delete(&format!("{project}?purge=true")).by(&t.admin).gives(204).await;
    let last = told(app, &t.member, &middle, "project").await;
    assert_eq!(last, ["project.hidden 4 reread"]);
}

async fn leaving_a_team_is_reported_to_the_user(app: &App) {
    let t = app.tenant().await;
    let (project, _) = team(app, &t).await;
    let teams = app.get("/teams").by(&t.admin).gives(200).await;
    let team = format!("/teams/{}", teams["results"][0]["id"].as_str().unwrap());
    let members = app.get(&format!("{team}/members")).by(&t.admin).gives(200).await;
    let own = format!("{team}/members/{}", members["results"][0]["id"].as_str().unwrap());
    let begin = now(app, &t.member).await;
    let nouns = "team,team_member,project";
    let mut stream = Stream::open(app, &t.member, &format!("/events?noun={nouns}"), None).await;
    let _ = app.delete(&own).by(&t.manager).gives(204).await;
    assert_eq!(told(app, &t.member, &begin, nouns).await, ["team_member.delete 1 reread"]);
    assert_eq!(told(app, &t.manager, &begin, nouns).await, ["team_member.delete 1"]);
    let (_, event, change) = stream.next().await;
    assert_eq!((event.as_str(), &change["within"]), ("team_member.delete", &teams["results"][0]["id"]));
    // Later changes are not delivered to the user.
    let _ = app.patch(&project).by(&t.manager).json(&json!({ "name": "Look" })).gives(200).await;
    let (_, joined) =
        make(app, &t.manager, &format!("{team}/members"), json!({ "user_id": t.other.id })).await;
    assert_eq!(told(app, &t.member, &begin, nouns).await, ["team_member.delete 1 reread"]);
    // A new member must read the team again; for others only the membership is new.
    let gained = told(app, &t.other, &begin, "team_member").await;
    assert_eq!(gained, ["team_member.delete 1", "team_member.create 1 reread"]);
    let known = told(app, &t.manager, &begin, "team_member").await;
    assert_eq!(known, ["team_member.delete 1", "team_member.create 1"]);
    // A replaced manager no longer sees the team, and the new one does.
    let begin = now(app, &t.member).await;
    let _ = app.patch(&team).by(&t.admin).json(&json!({ "manager_id": t.member.id })).gives(200).await;
    assert_eq!(told(app, &t.manager, &begin, "team").await, ["team.hidden 2 reread"]);
    assert_eq!(told(app, &t.member, &begin, "team").await, ["team.update 2 reread"]);
    let _ = app.delete(&joined).by(&t.admin).gives(204).await;
}
