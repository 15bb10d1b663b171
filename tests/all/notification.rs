//! The stories of notifications and reminders.

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
    an_inbox_from_beginning_to_end,
    an_inbox_is_its_user_s_alone,
    who_is_assigned_is_told,
    what_is_undone_tells_nobody,
    preferences_are_obeyed,
    an_inbox_is_bounded,
    a_reminder_from_beginning_to_end,
    a_reminder_follows_the_due_date,
    a_reminder_that_comes_too_late_rings_at_once,
    a_reminder_is_its_user_s_alone,
    what_is_wrong_with_a_reminder_is_told,
    a_due_date_is_told_of_once,
    what_is_done_is_not_told_of,
    many_servers_ring_once,
);

/// An instant so far from now.
fn after(app: &App, time: Duration) -> String {
    app.clock.now().plus(time).to_string()
}

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Lets all alarms ring that are due by a server's clock, as its own task does.
async fn ring(app: &App, t: &Tenant) {
    let repository = &app.state.repository;
    let ctx = repository.system("a test", Request::default()).within(t.id);
    while repository.write(&ctx, (), |tx, ()| Box::pin(notification::ring(tx))).await.unwrap() {}
}

/// Moves the clock on, and lets what is due by then ring.
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

/// Gives a tenant's users tokens for another day.
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

async fn an_inbox_from_beginning_to_end(app: &App) {
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

async fn an_inbox_is_its_user_s_alone(app: &App) {
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

async fn who_is_assigned_is_told(app: &App) {
    let mut t = tenant(app).await;
    // Not by oneself, nor again by a change of something else.
    let mine = task(app, &t.member, json!({ "title": "Mine", "assignee_id": t.member.id })).await;
    let path = task(app, &t.admin, json!({ "title": "Theirs", "assignee_id": t.member.id })).await;
    let _ = app.patch(&path).by(&t.admin).json(&json!({ "priority": "high" })).gives(200).await;
    assert_eq!(told(app, &t.member).await, ["assigned"]);
    // Who is assigned and whose status changes at once is told the first.
    let both = json!({ "assignee_id": t.other.id, "status": "in_progress" });
    let _ = app.patch(&path).by(&t.admin).json(&both).gives(200).await;
    assert_eq!(told(app, &t.other).await, ["assigned"]);
    // Who does not see the task any more does not see what they were told of it.
    assert!(told(app, &t.member).await.is_empty());
    let _ = app.patch(&path).by(&t.other).json(&json!({ "status": "done" })).gives(200).await;
    assert_eq!(told(app, &t.admin).await, ["status_changed"]);
    // Who is not let in is assigned and told nothing, and finds nothing when they are again.
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
    // Who takes over all of another's work is not told of each piece.
    let _ = app.delete(&format!("{user}?transfer_to={}", t.other.id)).by(&t.admin).gives(204).await;
    assert_eq!(told(app, &t.other).await, ["assigned"]);
}

async fn what_is_undone_tells_nobody(app: &App) {
    let t = tenant(app).await;
    let path = task(app, &t.admin, json!({ "title": "Write it" })).await;
    let assign = json!({ "assignee_id": t.member.id });
    let _ = app.patch(&path).by(&t.admin).header("if-match", "\"7\"").json(&assign).gives(412).await;
    let wrong = json!({ "assignee_id": t.member.id, "title": "x" });
    let _ = app.patch(&path).by(&t.admin).json(&wrong).gives(422).await;
    // Sent again under its key, it was done once.
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

/// Shows that mail reaches a user.
async fn verify(app: &App, user: &User) {
    let token = app.mail_about(&user.email, "verify-email").await.token;
    let _ = app.post("/auth/verify-email").json(&json!({ "token": token })).gives(204).await;
}

async fn preferences_are_obeyed(app: &App) {
    let t = tenant(app).await;
    prefer(app, &t.member, json!({ "assignment": "none", "comment": "mail" })).await;
    let path = task(app, &t.admin, json!({ "title": "Write <it>", "assignee_id": t.member.id })).await;
    let _ = say(app, &t.admin, &path, "Unheard by mail.").await;
    assert_eq!(told(app, &t.member).await, ["commented"]);
    // Mail goes where it is known to arrive.
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

async fn mail_waits_while_it_is_quiet(app: &App) {
    let t = tenant(app).await;
    verify(app, &t.member).await;
    crate::mail::nothing_waits(app, t.id).await;
    // Quiet from now on for two hours, on a clock that stands still.
    let now = app.clock.now();
    let of_day = |at: taskhub_domain::Timestamp| at.to_string()[11..16].to_owned();
    let quiet = json!({
        "assignment": "mail", "quiet_from": of_day(now), "quiet_until": of_day(now.plus(HOUR * 2)),
    });
    let _ = app.patch("/auth/profile").by(&t.member).json(&json!({ "time_zone": "UTC" })).gives(200).await;
    prefer(app, &t.member, quiet).await;
    let _ = task(app, &t.admin, json!({ "title": "Hush now", "assignee_id": t.member.id })).await;
    // The inbox does not wait, and neither does other mail.
    assert_eq!(told(app, &t.member).await, ["assigned"]);
    let database = crate::walks::database::Database::of(app).await;
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

async fn what_was_read_is_forgotten_in_time(app: &App) {
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

async fn an_inbox_is_bounded(app: &App) {
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

/// A reminder; its path.
async fn ask(app: &App, by: &User, task: &str, body: Value) -> String {
    let made = app.post(&format!("{task}/reminders")).by(by).json(&body).send().await;
    made.expect(201).header("location").to_owned()
}

async fn a_reminder_from_beginning_to_end(app: &App) {
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
    // Set anew it fires anew.
    let again = after(app, Duration::from_mins(1));
    let set = app.patch(&path).by(&t.member).json(&json!({ "remind_at": again })).gives(200).await;
    assert_eq!(set["fired_at"], Value::Null);
    pass(app, &mut t, Duration::from_mins(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder", "reminder"]);
    // Removed it does not.
    let path = ask(app, &t.member, &task, json!({ "remind_at": after(app, Duration::from_mins(1)) })).await;
    let _ = app.delete(&path).by(&t.member).gives(204).await;
    pass(app, &mut t, Duration::from_mins(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder", "reminder"]);
}

async fn a_reminder_follows_the_due_date(app: &App) {
    let mut t = tenant(app).await;
    let project = app.post("/projects").by(&t.manager).json(&json!({ "name": "Website" })).gives(201).await;
    let task = task(app, &t.other, json!({ "title": "Write it", "project_id": project["id"] })).await;
    // It waits while there is no due date.
    let _ = ask(app, &t.member, &task, json!({ "before_due_minutes": 10 })).await;
    let due = |minutes| json!({ "due_at": after(app, Duration::from_mins(minutes)) });
    let _ = app.patch(&task).by(&t.other).json(&due(15)).gives(200).await;
    let _ = app.patch(&task).by(&t.other).json(&due(40)).gives(200).await;
    pass(app, &mut t, Duration::from_mins(6)).await;
    assert!(told(app, &t.member).await.is_empty());
    pass(app, &mut t, Duration::from_mins(24)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    // It has fired, whatever the due date becomes.
    let _ = app.patch(&task).by(&t.other).json(&due(30)).gives(200).await;
    pass(app, &mut t, Duration::from_mins(25)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
}

async fn a_reminder_that_comes_too_late_rings_at_once(app: &App) {
    let mut t = tenant(app).await;
    let task = task(app, &t.member, json!({ "title": "Write it", "due_at": after(app, HOUR * 5) })).await;
    let _ = ask(app, &t.member, &task, json!({ "before_due_minutes": 120 })).await;
    let due = |minutes| json!({ "due_at": after(app, Duration::from_mins(minutes)) });
    let _ = app.patch(&task).by(&t.member).json(&due(60)).gives(200).await;
    pass(app, &mut t, Duration::from_mins(1)).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
}

async fn a_reminder_is_its_user_s_alone(app: &App) {
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
    // Who loses sight of the task loses the reminder with it, and is not reminded.
    let _ = app.delete(&membership).by(&t.manager).gives(204).await;
    let _ = app.get(&path).by(&t.other).gives(404).await;
    let permissions = format!("/auth/permissions?noun=reminder&id={}", path.rsplit('/').next().unwrap());
    let _ = app.get(&permissions).by(&t.other).gives(404).await;
    pass(app, &mut t, HOUR).await;
    assert!(told(app, &t.other).await.is_empty());
    // Who sees the task again finds what they were notified of, and no more.
    let _ = let_in(app, &t).await;
    assert_eq!(told(app, &t.other).await, ["assigned"]);
}

async fn what_is_wrong_with_a_reminder_is_told(app: &App) {
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

async fn a_due_date_is_told_of_once(app: &App) {
    let mut t = tenant(app).await;
    let body = json!({ "title": "Write it", "assignee_id": t.member.id, "due_at": after(app, DAY * 2) });
    let path = task(app, &t.admin, body).await;
    let own = task(app, &t.other, json!({ "title": "Own it", "due_at": after(app, HOUR * 2) })).await;
    pass(app, &mut t, HOUR * 2).await;
    // A date that is set within the last day is told of when it is there. Without an assignee it is the owner's.
    assert_eq!(told(app, &t.other).await, ["overdue"]);
    let _ = app.patch(&own).by(&t.other).json(&json!({ "priority": "high" })).gives(200).await;
    pass(app, &mut t, HOUR * 22).await;
    assert_eq!(told(app, &t.member).await, ["assigned", "due_soon"]);
    let line = app.get("/notifications").by(&t.member).gives(200).await["results"][0].clone();
    assert_eq!(line["text"], "“Write it” is due within a day.");
    // A new date is told of anew, the old one no more.
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

async fn what_is_done_is_not_told_of(app: &App) {
    let mut t = tenant(app).await;
    let body = json!({ "title": "Write it", "due_at": after(app, HOUR * 3) });
    let path = task(app, &t.member, body).await;
    let _ = ask(app, &t.member, &path, json!({ "remind_at": after(app, HOUR) })).await;
    let _ = ask(app, &t.member, &path, json!({ "before_due_minutes": 60 })).await;
    let _ = app.post(&format!("{path}/complete")).by(&t.member).gives(200).await;
    pass(app, &mut t, HOUR).await;
    // Taken up again, it is told of again: what is still to come.
    let _ = app.patch(&path).by(&t.member).json(&json!({ "status": "todo" })).gives(200).await;
    pass(app, &mut t, HOUR).await;
    assert_eq!(told(app, &t.member).await, ["reminder"]);
    // What is told late is told as it is then, and old stories are not.
    let old = task(app, &t.other, json!({ "title": "Own it", "due_at": after(app, DAY * 2) }));
    let _ = old.await;
    pass(app, &mut t, DAY * 9 + HOUR).await;
    assert!(told(app, &t.other).await.is_empty());
}

async fn many_servers_ring_once(app: &App) {
    let there = app.second(&[]).await;
    let t = tenant(app).await;
    for number in 0..10 {
        let path = task(app, &t.member, json!({ "title": format!("Task {number}") })).await;
        let _ = ask(app, &t.member, &path, json!({ "remind_at": after(app, Duration::from_mins(1)) })).await;
    }
    // Each node has a clock of its own.
    app.clock.advance(Duration::from_mins(1));
    there.clock.advance(Duration::from_mins(2));
    let _ = futures::join!(ring(app, &t), ring(&there, &t), ring(app, &t), ring(&there, &t));
    assert_eq!(told(app, &t.member).await, ["reminder"; 10]);
    there.finish().await;
}

/// What is about the server's own tasks, whose clock is one story's alone: on a database of its own.
fn alone(story: impl AsyncFn(&App) + Copy + 'static) {
    taskhub_tests::run(Backend::Sqlite, move |app| Box::pin(async move { story(app).await }));
}

#[test]
fn mail_waits_in_quiet_hours() {
    alone(mail_waits_while_it_is_quiet);
}

#[test]
fn what_was_read_goes_after_ninety_days() {
    alone(what_was_read_is_forgotten_in_time);
}

#[test]
fn a_server_rings_by_itself() {
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
