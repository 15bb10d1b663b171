//! Links in mail that waited: an expired one is replaced, and an invalidated one is not sent.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;
use taskhub_domain::mail::{self, Claimed, Outcome};

use super::{claim, record_outcome, register, tenant_of, waiting, without_a_sender};
use crate::poll;

fn link(claimed: &Claimed) -> String {
    match &claimed.mail {
        mail::Mail::VerifyEmail { token } | mail::Mail::ResetPassword { token } => {
            token.0.expose_secret().to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn link_that_expired_in_the_outbox_is_replaced() {
    without_a_sender(async |app| {
        let email = register(app).await;
        let tenant = tenant_of(app, &email).await;
        let old = claim(app, tenant).await.unwrap();
        app.clock.advance(Duration::from_hours(25));
        let new = claim(app, tenant).await.unwrap();
        assert_eq!(new.id, old.id);
        assert_ne!(link(&new), link(&old));
        let verify = async |token: String| {
            app.post("/auth/verify-email").json(&json!({ "token": token })).send().await.status
        };
        assert_eq!(verify(link(&old)).await, 403);
        assert_eq!(verify(link(&new)).await, 204);
        // The link has been used, so the mail is discarded.
        record_outcome(app, tenant, new.id, Outcome::Unreachable(String::new())).await;
        assert!(claim(app, tenant).await.is_none());
        assert_eq!(waiting(app).await, 0);
    });
}

#[test]
fn link_invalidated_by_a_newer_one_is_not_sent() {
    without_a_sender(async |app| {
        let email = register(app).await;
        let tenant = tenant_of(app, &email).await;
        let body = json!({ "email": email });
        let _ = app.post("/auth/verify-email/request").json(&body).gives(202).await;
        poll::until("the link is made", async || app.state.link_requests.is_empty()).await;
        assert!(claim(app, tenant).await.is_none(), "the older one is discarded");
        let newer = claim(app, tenant).await.unwrap();
        let verify = app.post("/auth/verify-email").json(&json!({ "token": link(&newer) }));
        let _ = verify.gives(204).await;
    });
}
