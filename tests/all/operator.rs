//! What the operator does on the command line.

use std::time::Duration;

use secrecy::ExposeSecret;
use taskhub_domain::{context::Request, tenant};
use taskhub_tests::{App, Tenant};
use uuid::Uuid;

/// Suspends a tenant or activates it.
pub(crate) async fn set_active(app: &App, t: &Tenant, active: bool) {
    let ctx = app.state.repository.system("a test", Request::default()).within(t.id);
    let set = app.state.repository.write(&ctx, active, |tx, active| Box::pin(tenant::set_active(tx, active)));
    let _ = set.await.unwrap();
}

/// An invitation to register an organisation.
pub(crate) async fn invite(app: &App, lifetime: Duration) -> String {
    let ctx = app.state.repository.system("a test", Request::default()).within(Uuid::nil());
    let make = app
        .state
        .repository
        .write(&ctx, lifetime, |tx, lifetime| Box::pin(tenant::create_invitation(tx, lifetime)));
    make.await.unwrap().expose_secret().to_owned()
}
