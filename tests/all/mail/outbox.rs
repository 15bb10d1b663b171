//! The outbox without a sender: claims, and delays after a failure.

use std::time::Duration;

use serde_json::json;
use taskhub_domain::{context::Request, mail::Outcome};
use taskhub_tests::App;

use super::{claim, record_outcome, register, register_as, tenant_of, undelivered, without_a_sender};

/// Tests the outbox alone, without a sender.
#[test]
fn claimed_mail_is_locked_and_failures_back_off() {
    without_a_sender(async |app| outbox(app).await);
}

async fn outbox(app: &App) {
    let email = register(app).await;
    let (tenant, clock) = (tenant_of(app, &email).await, &app.clock);
    let first = claim(app, tenant).await.unwrap();
    assert_eq!((first.recipient.as_str(), first.tenant.as_str()), (email.as_str(), "Acme"));
    assert!(claim(app, tenant).await.is_none(), "it is claimed");
    // The claim expires when its sender is gone.
    clock.advance(Duration::from_mins(2));
    assert_eq!(claim(app, tenant).await.unwrap().id, first.id);
    let later = || Outcome::Deferred("451 later".to_owned());
    for minutes in [2, 4, 8, 16, 32, 64, 128, 256].into_iter().chain([360; 10]) {
        // Attempts that did not reach the server do not count.
        record_outcome(app, tenant, first.id, Outcome::Unreachable("connection refused".to_owned())).await;
        assert!(claim(app, tenant).await.is_some(), "at once");
        record_outcome(app, tenant, first.id, later()).await;
        clock.advance(Duration::from_secs(minutes * 60 - 1));
        assert!(claim(app, tenant).await.is_none(), "before {minutes} minutes");
        clock.advance(Duration::from_secs(1));
        assert!(claim(app, tenant).await.is_some(), "after {minutes} minutes");
    }
    record_outcome(app, tenant, first.id, later()).await;
    clock.advance(Duration::from_hours(24));
    assert!(claim(app, tenant).await.is_none(), "it was given up");
    let told = undelivered(app, &email).await;
    assert_eq!((&told["count"], &told["results"][0]["new_values"]["recipient"]), (&json!(1), &json!(email)));
}

#[test]
fn deferred_mail_is_due_at_once_after_an_outage() {
    without_a_sender(async |app| {
        let emails = [register(app).await, register_as(app, "grace@other.org", "Other").await];
        let tenants = [tenant_of(app, &emails[0]).await, tenant_of(app, &emails[1]).await];
        let [deferred, claimed] =
            [claim(app, tenants[0]).await.unwrap(), claim(app, tenants[1]).await.unwrap()];
        record_outcome(app, tenants[0], deferred.id, Outcome::Deferred("451 later".to_owned())).await;
        assert!(claim(app, tenants[0]).await.is_none());
        let repository = &app.state.repository;
        repository.wake_deferred_mail(&repository.system("a test", Request::default())).await.unwrap();
        assert_eq!(claim(app, tenants[0]).await.unwrap().id, deferred.id);
        assert!(claim(app, tenants[1]).await.is_none(), "{}: another sender has it", claimed.id);
    });
}
