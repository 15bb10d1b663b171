//! Scenario tests of notifications and reminders.

use std::time::Duration;

use serde_json::{Value, json};
use taskhub_auth::{Grant, Kind};
use taskhub_domain::{context::Request, notification};
use taskhub_tests::{App, Backend, Tenant, User, every_database};

use crate::{
    comment::{hidden_project, let_in, say, task, told},
    poll,
};

every_database!(
    notifications_are_listed_read_and_deleted,
    inbox_is_private_to_its_user,
    assignee_is_notified,
    failed_or_repeated_request_notifies_nobody,
    notification_preferences_are_honoured,
    inbox_keeps_the_newest_1000_notifications,
    reminder_is_created_fired_and_deleted,
    reminder_fires_in_an_archived_project,
    reminder_follows_the_due_date,
    overdue_reminder_fires_at_once,
    reminder_is_private_to_its_user,
    invalid_reminder_is_rejected_with_422,
    due_date_notifies_once,
    completed_task_causes_no_due_notification,
    several_nodes_notify_once,
);

/// The timestamp that far in the future.
fn after(app: &App, time: Duration) -> String {
    app.clock.now().plus(time).to_string()
}

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Runs the scheduler of due dates until nothing is due by the clock of the server.
async fn ring(app: &App, t: &Tenant) {
    let repository = &app.state.repository;
    let ctx = repository.system("a test", Request::default()).within(t.id);
    while repository.write(&ctx, (), |tx, ()| Box::pin(notification::ring(tx))).await.unwrap() {}
}

/// Advances the clock and runs the scheduler.
async fn pass(app: &App, t: &mut Tenant, time: Duration) {
    app.clock.advance(time);
    renew(app, t);
    ring(app, t).await;
}

/// A tenant whose users have tokens for a day.
async fn tenant(app: &App) -> Tenant {
    let mut t = app.tenant().await;
    renew(app, &mut t);
    t
}

/// Gives the users of the tenant tokens for another day.
fn renew(app: &App, t: &mut Tenant) {
    let tenant = t.id;
    let people = [
        ("admin", &mut t.admin),
        ("manager", &mut t.manager),
        ("member", &mut t.member),
        ("member", &mut t.other),
    ];
    for (role, user) in people {
        let grant = Grant {
            kind: Kind::User,
            id: user.id,
            tenant: Some(tenant),
            role: Some(role.to_owned()),
            scopes: None,
            session: None,
            lifetime: 24 * 3600,
        };
        user.token = app.mint(&grant);
    }
}

async fn notifications_are_listed_read_and_deleted(app: &App) {
    let t = tenant(app).await;
    for title in ["One", "Two", "Three"] {
        let title = format!("Task {title}");
        let _ = task(app, &t.admin, json!({ "title": title, "assignee_id": t.member.id })).await;
    }
    let unread =
        async || app.get("/notifications/unread-count").by(&t.member).gives(200).await["count"].clone();
    assert_eq!(unread().await, 3);
    let list = app.get("/notifications").by(&t.member).gives(200).await;
    let line = &list["results"][0];
    assert_eq!(line["text"], "admin assigned “Task Three” to you.");
    assert_eq!((&line["kind"], &line["read_at"]), (&json!("assigned"), &Value::Null));
    assert!(line.get("unread").is_none() && line.get("tenant_id").is_none());
    let path = format!("/notifications/{}", line["id"].as_str().unwrap());
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, *line);
    let read = app.post(&format!("{path}/read")).by(&t.member).send().await.expect(200);
    assert_ne!(read.body["read_at"], Value::Null);
    assert_eq!(read.header("etag"), "\"2\"");
    app.clock.advance(HOUR);
    assert_eq!(app.post(&format!("{path}/read")).by(&t.member).gives(200).await, read.body);
    let of = async |filter: &str| {
        app.get(&format!("/notifications?{filter}")).by(&t.member).gives(200).await["count"].clone()
    };
    assert_eq!((of("unread=true").await, of("unread=false").await), (json!(2), json!(1)));
    assert_eq!((of("kind=assigned").await, of("kind=overdue,commented").await), (json!(3), json!(0)));
    let about = line["task_id"].as_str().unwrap();
    assert_eq!(of(&format!("task={about}")).await, 1);
    assert_eq!(unread().await, 2);
    let _ = app.post("/notifications/read-all").by(&t.member).gives(204).await;
    assert_eq!((unread().await, of("unread=false").await), (json!(0), json!(3)));
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, read.body);
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    let _ = app.get(&path).by(&t.member).gives(404).await;
}

async fn inbox_is_private_to_its_user(app: &App) {
    let t = tenant(app).await;
    let _ = task(app, &t.other, json!({ "title": "Write it", "assignee_id": t.member.id })).await;
    let line = app.get("/notifications").by(&t.member).gives(200).await["results"][0].clone();
    let path = format!("/notifications/{}", line["id"].as_str().unwrap());
    let stranger = app.tenant().await;
    for user in [&t.admin, &t.manager, &t.other, &stranger.admin] {
        let _ = app.get(&path).by(user).gives(404).await;
        let _ = app.post(&format!("{path}/read")).by(user).gives(404).await;
        let _ = app.delete(&path).by(user).gives(404).await;
        assert_eq!(app.get("/notifications").by(user).gives(200).await["count"], 0);
        let _ = app.post("/notifications/read-all").by(user).gives(204).await;
    }
    let service = t.service(app, &["notifications:read", "notifications:write"]);
    assert_eq!(app.get("/notifications").token(&service).gives(200).await["count"], 0);
    let _ = app.get(&path).token(&service).gives(404).await;
    assert_eq!(app.get(&path).by(&t.member).gives(200).await, line);
}

async fn assignee_is_notified(app: &App) {
    let mut t = tenant(app).await;
    // Neither a self-assignment nor a change of another field notifies.
    let mine = task(app, &t.member, json!({ "title": "Mine", "assignee_id": t.member.id })).await;
    let path = task(app, &t.admin, json!({ "title": "Theirs", "assignee_id": t.member.id })).await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "priority": "high" })).gives(200).await;
    assert_eq!(told(app, &t.member).await, ["assigned"]);
    // A change of assignee and status notifies the new assignee only of the assignment.
    let both = json!({ "assignee_id": t.other.id, "status": "in_progress" });
    let _ = app.patch(&path).by(&t.admin).json(&both).gives(200).await;
    assert_eq!(told(app, &t.other).await, ["assigned"]);
    // A user who no longer sees the task no longer sees its notifications.
    assert!(told(app, &t.member).await.is_empty());
    let _ = app.patch(&path).by(&t.other).json(&json!({ "status": "done" })).gives(200).await;
    assert_eq!(told(app, &t.admin).await, ["status_changed"]);
    // A deactivated user can be assigned, but is not notified, not even after reactivation.
    let user = format!("/users/{}", t.member.id);
    let _ = app.post(&format!("{user}/deactivate")).by(&t.admin).gives(200).await;
    let later = json!({ "title": "Later", "assignee_id": t.member.id });
    let refused = app.post("/tasks").by(&t.admin).json(&later).send().await.expect(422);
    assert_eq!(refused.pointer(), "/assignee_id");
    let _ = app.patch(&mine).by(&t.admin).json(&json!({ "status": "in_progress" })).gives(200).await;
    let _ = app.post(&format!("{user}/reactivate")).by(&t.admin).gives(200).await;
    app.clock.advance(Duration::from_secs(2));
    renew(app, &mut t);
    assert!(told(app, &t.member).await.is_empty());
    // Taking over all tasks of a user causes no notification per task.
    let _ = app.delete(&format!("{user}?transfer_to={}", t.other.id)).by(&t.admin).gives(204).await;
    assert_eq!(told(app, &t.other).await, ["assigned"]);
}

async fn failed_or_repeated_request_notifies_nobody(app: &App) {
    let t = tenant(app).await;
    let path = task(app, &t.admin, json!({ "title": "Write it" })).await;
    let assign = json!({ "assignee_id": t.member.id });
    let _ = app.patch(&path).by(&t.admin).header("if-match", "\"7\"").json(&assign).gives(412).await;
    let wrong = json!({ "assignee_id": t.member.id, "title": "x" });
    let _ = app.patch(&path).by(&t.admin).json(&wrong).gives(422).await;
    // A request repeated with the same idempotency key notifies once.
    let create = json!({ "title": "Once", "assignee_id": t.member.id });
    for _ in 0..2 {
        let _ = app.post("/tasks").by(&t.admin).header("idempotency-key", "k").json(&create).gives(201).await;
    }
    assert_eq!(told(app, &t.member).await, ["assigned"]);
}

async fn prefer(app: &App, user: &User, preferences: Value) {
    let body = json!({ "notification_preferences": preferences });
    let _ = app.patch("/auth/profile").by(user).json(&body).gives(200).await;
}

/// Verifies the email address of the user.
async fn verify(app: &App, user: &User) {
    let token = app.mail_about(&user.email, "verify-email").await.token;
    let _ = app.post("/auth/verify-email").json(&json!({ "token": token })).gives(204).await;
}

async fn notification_preferences_are_honoured(app: &App) {
    let t = tenant(app).await;
    prefer(app, &t.member, json!({ "assignment": "none", "comment": "mail" })).await;
    let path = task(app, &t.admin, json!({ "title": "Write <it>", "assignee_id": t.member.id })).await;
    let _ = say(app, &t.admin, &path, "Unheard by mail.").await;
    assert_eq!(told(app, &t.member).await, ["commented"]);
    // Notifications are mailed only to verified addresses.
    crate::mail::nothing_waits(app, t.id).await;
    verify(app, &t.member).await;
    let before = app.count_mail(&t.member.email);
    assert_eq!(before, 1, "the one that asked for verification");
    let _ = say(app, &t.admin, &path, "By mail.").await;
    let mail = app.mail_with(&t.member.email, "commented").await;
    assert_eq!(mail.subject, format!("{}: admin commented on “Write <it>”.", t.slug));
    assert!(mail.html.contains("“Write &lt;it&gt;”"), "{}", mail.html);
    assert_eq!(told(app, &t.member).await, ["commented", "commented"]);
    for (preferences, pointer) in [
        (json!({ "reminder": "pigeon" }), "/notification_preferences/reminder"),
        (json!({ "quiet_from": "25:00", "quiet_until": "07:00" }), "/notification_preferences/quiet_from"),
        (json!({ "quiet_from": "22:00" }), "/notification_preferences/quiet_until"),
    ] {
        let body = json!({ "notification_preferences": preferences });
        let told = app.patch("/auth/profile").by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(told.pointer(), pointer);
    }
}

async fn mail_is_held_back_while_it_is_quiet(app: &App) {
    let t = tenant(app).await;
    verify(app, &t.member).await;
    crate::mail::nothing_waits(app, t.id).await;
    // Quiet hours start now and last two hours. The clock stands still.
    let now = app.clock.now();
    let of_day = |at: taskhub_domain::Timestamp| at.to_string()[11..16].to_owned();
    let quiet = json!({
        "assignment": "mail", "quiet_from": of_day(now), "quiet_until": of_day(now.plus(HOUR * 2)),
    });
    let _ = app.patch("/auth/profile").by(&t.member).json(&json!({ "time_zone": "UTC" })).gives(200).await;
    prefer(app, &t.member, quiet).await;
    let _ = task(app, &t.admin, json!({ "title": "Hush now", "assignee_id": t.member.id })).await;
    // The inbox is not delayed, nor is other mail.
    assert_eq!(told(app, &t.member).await, ["assigned"]);
    let database = crate::contract::database::Database::of(app).await;
    let arrived = app.count_mail(&t.member.email);
    let _ = app.post("/auth/password-reset").json(&json!({ "email": t.member.email })).gives(202).await;
    poll::until("other mail arrives", async || app.count_mail(&t.member.email) == arrived + 1).await;
    poll::until("one waits", async || database.mail_of(t.id).await == 1).await;
    app.clock.advance(HOUR);
    assert_eq!(database.mail_of(t.id).await, 1);
    app.clock.advance(HOUR);
    let mail = app.mail_with(&t.member.email, "Hush now").await;
    assert!(mail.subject.contains("admin assigned"), "{}", mail.subject);
    crate::mail::nothing_waits(app, t.id).await;
    let _ = task(app, &t.admin, json!({ "title": "Loud again", "assignee_id": t.member.id })).await;
    let _ = app.mail_with(&t.member.email, "Loud again").await;
}

async fn keep_house(app: &App) {
    let system = app.state.repository.system("a test", Request::default());
    app.state.repository.forget_notifications(&system, None).await.unwrap();
}

async fn read_notifications_are_purged_in_time(app: &App) {
    let mut t = tenant(app).await;
    for title in ["Read", "Unread"] {
        let _ = task(app, &t.admin, json!({ "title": title, "assignee_id": t.member.id })).await;
    }
    let list = app.get("/notifications?sort=created_at").by(&t.member).gives(200).await;
    let path = format!("/notifications/{}", list["results"][0]["id"].as_str().unwrap());
    let _ = app.post(&format!("{path}/read")).by(&t.member).gives(200).await;
    app.clock.advance(DAY * 90);
    renew(app, &mut t);
    let kept = async || app.get("/notifications").by(&t.member).gives(200).await["count"].clone();
    keep_house(app).await;
    assert_eq!(kept().await, 2);
    app.clock.advance(Duration::from_secs(1));
    keep_house(app).await;
    assert_eq!(kept().await, 1);
    let left = app.get("/notifications").by(&t.member).gives(200).await;
    assert_eq!(left["results"][0]["read_at"], Value::Null);
}

async fn inbox_keeps_the_newest_1000_notifications(app: &App) {
    let t = tenant(app).await;
    let first = task(app, &t.admin, json!({ "title": "Task 0", "assignee_id": t.member.id })).await;
    let mut more = (1..=1010).map(|number| {
        let body = json!({ "title": format!("Task {number}"), "assignee_id": t.member.id });
        let admin = &t.admin;
        async move { task(app, admin, body).await }
    });
    loop {
        let some: Vec<_> = more.by_ref().take(10).collect();
        if some.is_empty() {
            break;
        }
        let _ = futures::future::join_all(some).await;
    }
    assert_eq!(app.get("/notifications").by(&t.member).gives(200).await["count"], 1011);
    keep_house(app).await;
    assert_eq!(app.get("/notifications").by(&t.member).gives(200).await["count"], 1000);
    let oldest = format!("/notifications?task={}", first.rsplit('/').next().unwrap());
    assert_eq!(app.get(&oldest).by(&t.member).gives(200).await["count"], 0);
    let _ = app.post("/notifications/read-all").by(&t.member).gives(204).await;
    assert_eq!(app.get("/notifications/unread-count").by(&t.member).gives(200).await["count"], 0);
}

/// Creates a reminder. Returns its path.
async fn ask(app: &App, by: &User, task: &str, body: Value) -> String {
    let made = app.post(&format!("{task}/reminders")).by(by).json(&body).send().await;
    made.expect(201).header("location").to_owned()
}

async fn reminder_is_created_fired_and_deleted(app: &App) {
    let mut t = tenant(app).await;
    let task = task(app, &t.member, json!({ "title": "Write it" })).await;
    let at = after(app, Duration::from_mins(5));
    let path = ask(app, &t.member, &task, json!({ "remind_at": at })).await;
    let row = app.get(&path).by(&t.member).gives(200).await;
    assert_eq!((&row["remind_at"], &row["before_due_minutes"]), (&json!(at), &Value::Null));
    assert_eq!((&row["fired_at"], &row["user_id"]), (&Value::Null, &json!(t.member.id)));
    pass(app, &mut t, Duration::from_mins(5) - Duration::from_micros(1)).await;
    assert!(told(app, &t.member).await.is_empty());
    pass(app, &mut t, Duration::from_micros(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    let line = app.get("/notifications").by(&t.member).gives(200).await["results"][0].clone();
    assert_eq!(line["text"], "Reminder: “Write it”.");
    assert_eq!((&line["noun"], &line["actor_id"]), (&json!("task"), &Value::Null));
    let fired = app.get(&path).by(&t.member).gives(200).await;
    assert_eq!((&fired["fired_at"], &fired["version"]), (&json!(at), &json!(2)));
    // A reminder with a new time fires again.
    let again = after(app, Duration::from_mins(1));
    let set = app.patch(&path).by(&t.member).json(&json!({ "remind_at": again })).gives(200).await;
    assert_eq!(set["fired_at"], Value::Null);
    pass(app, &mut t, Duration::from_mins(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder", "reminder"]);
    // A deleted reminder does not fire.
    let path = ask(app, &t.member, &task, json!({ "remind_at": after(app, Duration::from_mins(1)) })).await;
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    pass(app, &mut t, Duration::from_mins(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder", "reminder"]);
}

async fn reminder_follows_the_due_date(app: &App) {
    let mut t = tenant(app).await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let task = task(app, &t.other, json!({ "title": "Write it", "project_id": project["id"] })).await;
    // A reminder does not fire while the task has no due date.
    let _ = ask(app, &t.member, &task, json!({ "before_due_minutes": 10 })).await;
    let due = |minutes| json!({ "due_at": after(app, Duration::from_mins(minutes)) });
    let _ = app.patch(&task).by(&t.other).json(&due(15)).gives(200).await;
    let _ = app.patch(&task).by(&t.other).json(&due(40)).gives(200).await;
    pass(app, &mut t, Duration::from_mins(6)).await;
    assert!(told(app, &t.member).await.is_empty());
    pass(app, &mut t, Duration::from_mins(24)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    // A fired reminder does not fire again when the due date changes.
    let _ = app.patch(&task).by(&t.other).json(&due(30)).gives(200).await;
    pass(app, &mut t, Duration::from_mins(25)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
}

async fn overdue_reminder_fires_at_once(app: &App) {
    let mut t = tenant(app).await;
    let task = task(app, &t.member, json!({ "title": "Write it", "due_at": after(app, HOUR * 5) })).await;
    let _ = ask(app, &t.member, &task, json!({ "before_due_minutes": 120 })).await;
    let due = |minutes| json!({ "due_at": after(app, Duration::from_mins(minutes)) });
    let _ = app.patch(&task).by(&t.member).json(&due(60)).gives(200).await;
    pass(app, &mut t, Duration::from_mins(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
}

async fn reminder_fires_in_an_archived_project(app: &App) {
    let mut t = tenant(app).await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Old" })).gives(201).await;
    let task = task(app, &t.member, json!({ "title": "Write it", "project_id": project["id"] })).await;
    let path = ask(app, &t.member, &task, json!({ "remind_at": after(app, HOUR) })).await;
    let status = format!("/projects/{}/status", project["id"].as_str().unwrap());
    let _ = app.patch(&status).by(&t.manager).json(&json!({ "status": "archived" })).gives(200).await;
    pass(app, &mut t, HOUR).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    assert_eq!(app.get(&path).by(&t.member).gives(200).await["version"], 2);
}

async fn reminder_is_private_to_its_user(app: &App) {
    let mut t = tenant(app).await;
    let project = hidden_project(app, &t).await;
    let membership = let_in(app, &t).await;
    let body = json!({ "title": "Draw it", "project_id": project, "assignee_id": t.other.id });
    let task = task(app, &t.manager, body).await;
    let reminders = format!("{task}/reminders");
    let path = ask(app, &t.other, &task, json!({ "remind_at": after(app, HOUR) })).await;
    let later = json!({ "remind_at": after(app, HOUR * 2) });
    for user in [&t.admin, &t.manager, &t.member] {
        let _ = app.get(&path).by(user).gives(404).await;
        let _ = app.patch(&path).by(user).json(&later).gives(404).await;
        let _ = app.delete(&path).by(user).gives(404).await;
        assert_eq!(app.get(&reminders).by(user).gives(200).await["count"], 0);
    }
    let all = ["tasks:read", "reminders:read", "reminders:write"];
    let _ = app.post(&reminders).token(&t.service(app, &all)).json(&later).gives(403).await;
    // A user who loses access to the task loses the reminder, which does not fire.
    let _ = app.delete(&membership).by(&t.manager).gives(204).await;
    let _ = app.get(&path).by(&t.other).gives(404).await;
    let permissions = format!("/auth/permissions?noun=reminder&id={}", path.rsplit('/').next().unwrap());
    let _ = app.get(&permissions).by(&t.other).gives(404).await;
    pass(app, &mut t, HOUR).await;
    assert!(told(app, &t.other).await.is_empty());
    // A user who regains access sees the earlier notifications, but no reminder.
    let _ = let_in(app, &t).await;
    assert_eq!(told(app, &t.other).await, ["assigned"]);
}

async fn invalid_reminder_is_rejected_with_422(app: &App) {
    let t = tenant(app).await;
    let body = json!({ "title": "Write it", "due_at": after(app, HOUR) });
    let task = task(app, &t.member, body).await;
    let reminders = format!("{task}/reminders");
    let now = after(app, Duration::ZERO);
    for (body, pointer) in [
        (json!({}), "/remind_at"),
        (json!({ "remind_at": after(app, HOUR), "before_due_minutes": 5 }), "/before_due_minutes"),
        (json!({ "remind_at": now }), "/remind_at"),
        (json!({ "before_due_minutes": 60 }), "/before_due_minutes"),
        (json!({ "before_due_minutes": -1 }), "/before_due_minutes"),
        (json!({ "before_due_minutes": 525_601 }), "/before_due_minutes"),
        (json!({ "remind_at": after(app, HOUR), "user_id": t.admin.id }), "/user_id"),
    ] {
        let told = app.post(&reminders).by(&t.member).json(&body).send().await.expect(422);
        assert_eq!(told.pointer(), pointer, "{body}");
    }
    for minutes in 0..20 {
        let _ = ask(app, &t.member, &task, json!({ "before_due_minutes": minutes })).await;
    }
    let _ = app.post(&reminders).by(&t.member).json(&json!({ "before_due_minutes": 1 })).gives(409).await;
}

async fn due_date_notifies_once(app: &App) {
    let mut t = tenant(app).await;
    let body = json!({ "title": "Write it", "assignee_id": t.member.id, "due_at": after(app, DAY * 2) });
    let path = task(app, &t.admin, body).await;
    let own = task(app, &t.other, json!({ "title": "Own it", "due_at": after(app, HOUR * 2) })).await;
    pass(app, &mut t, HOUR * 2).await;
    // A due date less than a day away notifies only when it is reached. Without an assignee the
    // owner is notified.
    assert_eq!(told(app, &t.other).await, ["overdue"]);
    let _ = app.patch(&own).by(&t.other).json(&json!({ "priority": "high" })).gives(200).await;
    pass(app, &mut t, HOUR * 22).await;
    assert_eq!(told(app, &t.member).await, ["assigned", "due_soon"]);
    let line = app.get("/notifications").by(&t.member).gives(200).await["results"][0].clone();
    assert_eq!(line["text"], "“Write it” is due within a day.");
    // A new due date notifies again; the old one no longer does.
    let later = json!({ "due_at": after(app, DAY * 2) });
    let _ = app.patch(&path).by(&t.admin).json(&later).gives(200).await;
    pass(app, &mut t, DAY).await;
    assert_eq!(told(app, &t.member).await, ["assigned", "due_soon", "due_soon"]);
    pass(app, &mut t, DAY).await;
    assert_eq!(told(app, &t.member).await, ["assigned", "due_soon", "due_soon", "overdue"]);
    pass(app, &mut t, DAY).await;
    assert_eq!(told(app, &t.other).await, ["overdue"]);
    assert_eq!(told(app, &t.member).await.len(), 4);
}

async fn completed_task_causes_no_due_notification(app: &App) {
    let mut t = tenant(app).await;
    let body = json!({ "title": "Write it", "due_at": after(app, HOUR * 3) });
    let path = task(app, &t.member, body).await;
    let _ = ask(app, &t.member, &path, json!({ "remind_at": after(app, HOUR) })).await;
    let _ = ask(app, &t.member, &path, json!({ "before_due_minutes": 60 })).await;
    let _ = app.post(&format!("{path}/complete")).by(&t.member).gives(200).await;
    pass(app, &mut t, HOUR).await;
    // A reopened task notifies of what is still to come.
    let _ = app.patch(&path).by(&t.member).json(&json!({ "status": "todo" })).gives(200).await;
    pass(app, &mut t, HOUR).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    // A late run of the scheduler notifies of the current state, and not of old due dates.
    let old = task(app, &t.other, json!({ "title": "Own it", "due_at": after(app, DAY * 2) }));
    let _ = old.await;
    pass(app, &mut t, DAY * 9 + HOUR).await;
    assert!(told(app, &t.other).await.is_empty());
}

async fn several_nodes_notify_once(app: &App) {
    let there = app.second(&[]).await;
    let t = tenant(app).await;
    for number in 0..10 {
        let path = task(app, &t.member, json!({ "title": format!("Task {number}") })).await;
        let _ = ask(app, &t.member, &path, json!({ "remind_at": after(app, Duration::from_mins(1)) })).await;
    }
    // Each node has its own clock.
    app.clock.advance(Duration::from_mins(1));
    there.clock.advance(Duration::from_mins(2));
    let _ = futures::join!(ring(app, &t), ring(&there, &t), ring(app, &t), ring(&there, &t));
    assert_eq!(told(app, &t.member).await, ["reminder"; 10]);
    there.finish().await;
}

/// Runs a test of the background tasks on a database of its own, because they follow the clock of
/// the test.
fn alone(scenario: impl AsyncFn(&App) + Copy + 'static) {
    taskhub_tests::run(Backend::Sqlite, move |app| Box::pin(async move { scenario(app).await }));
}

#[test]
fn quiet_hours_hold_back_mail() {
    alone(mail_is_held_back_while_it_is_quiet);
}

#[test]
fn read_notifications_are_purged_after_90_days() {
    alone(read_notifications_are_purged_in_time);
}

#[test]
fn server_runs_the_scheduler_in_the_background() {
    alone(async |app| {
        let t = tenant(app).await;
        let body = json!({ "title": "Write it", "due_at": after(app, HOUR * 2) });
        let path = task(app, &t.member, body).await;
        let _ = ask(app, &t.member, &path, json!({ "before_due_minutes": 60 })).await;
        app.clock.advance(HOUR);
        poll::until("they are reminded", async || told(app, &t.member).await == ["reminder"]).await;
        app.clock.advance(HOUR);
        poll::until("it is overdue", async || told(app, &t.member).await == ["reminder", "overdue"]).await;
    });
}
