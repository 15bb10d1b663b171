//! Scenario tests of notifications and reminders.

mod cause;
mod due;
mod inbox;
mod preferences;
mod purge;
mod reminder;
mod reminder_input;

use std::time::Duration;

use serde_json::Value;
use taskhub_auth::{Grant, Kind};
use taskhub_domain::{context::Request, notification};
use taskhub_tests::{App, Backend, Tenant, User};

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

/// Creates a reminder. Returns its path.
async fn ask(app: &App, by: &User, task: &str, body: Value) -> String {
    let made = app.post(&format!("{task}/reminders")).by(by).json(&body).send().await;
    made.expect(201).header("location").to_owned()
}

/// Runs a test of the background tasks on a database of its own, because they follow the clock of
/// the test.
fn alone(scenario: impl AsyncFn(&App) + Copy + 'static) {
    taskhub_tests::run(Backend::Sqlite, move |app| Box::pin(async move { scenario(app).await }));
}
