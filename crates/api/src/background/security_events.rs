//! Security events on their way to the audit log: refused requests, and what dry runs have found
//! out.
//!
//! Invariant: no request waits for a security event or fails because of it. Otherwise the response
//! time would reveal whether there is an audit log to write to, and so whether an account exists.
//! Events are written after the response, a bounded number at once; the rest is dropped and logged.

use std::sync::Arc;

use taskhub_domain::{
    Context, Repository, Result,
    audit::{self, Asked, SecurityEvent},
};
use tokio::sync::Semaphore;

use crate::state::State;

/// The most events that are written at once.
const AT_ONCE: usize = 64;

/// The permits for events that are being written.
#[derive(Clone)]
pub struct SecurityEvents(Arc<Semaphore>);

impl Default for SecurityEvents {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl State {
    /// Records an event in the audit log of the context's tenant, in the background.
    pub fn record_event(&self, ctx: Context, event: SecurityEvent) {
        let Ok(place) = self.security_events.0.clone().try_acquire_owned() else {
            tracing::warn!(?event, "too many security events at once: one was not recorded in the audit log");
            return;
        };
        let repository = self.repository.clone();
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = record(&repository, &ctx, event).await {
                tracing::warn!(%error, "a security event was not recorded in the audit log");
            }
        });
    }

    /// Records what a dry run has found out, such as whether a password is right or a registration
    /// would succeed. It is recorded before the response, so that nobody can probe unnoticed.
    /// Committed requests have their own audit entries.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn tell_asked(&self, ctx: &Context, what: &'static str) -> Result<()> {
        if !ctx.is_dry_run() {
            return Ok(());
        }
        record(&self.repository, ctx, SecurityEvent::Asked(Asked { what })).await
    }
}

/// Records an event, in a dry run too.
async fn record(repository: &Repository, ctx: &Context, event: SecurityEvent) -> Result<()> {
    repository.write(&ctx.in_earnest(), event, |tx, event| Box::pin(audit::record(tx, event))).await
}
