//! What was tried and refused, or proved by who only asked, on its way to the audit.
//!
//! Invariant: nobody waits for what was refused, and nothing fails for it. An answer that told by its time whether there is an audit to write to would tell
//! who exists. So it is written after the answer, a bounded number at once; what is over is dropped and logged.

use std::sync::Arc;

use taskhub_domain::{
    Context, Repository, Result,
    audit::{self, Asked, SecurityEvent},
};
use tokio::sync::Semaphore;

use crate::state::State;

/// How many incidents are written at once.
const AT_ONCE: usize = 64;

/// The places for incidents that are being written.
#[derive(Clone)]
pub struct Incidents(Arc<Semaphore>);

impl Default for Incidents {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl State {
    /// Lets the audit of the context's tenant know of an incident.
    pub fn tell(&self, ctx: Context, incident: SecurityEvent) {
        let Ok(place) = self.incidents.0.clone().try_acquire_owned() else {
            tracing::warn!(?incident, "there are too many incidents at once: one is not in the audit");
            return;
        };
        let repository = self.repository.clone();
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = record(&repository, &ctx, incident).await {
                tracing::warn!(%error, "an incident is not in the audit");
            }
        });
    }

    /// Lets the audit know what a dry run found out that a secret or an open door is needed for: before the answer, so that nobody finds out unseen. What is
    /// meant in earnest has a line of its own.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tell_asked(&self, ctx: &Context, what: &'static str) -> Result<()> {
        if !ctx.is_dry_run() {
            return Ok(());
        }
        record(&self.repository, ctx, SecurityEvent::Asked(Asked { what })).await
    }
}

/// Records an incident: it happened, also in a dry run.
async fn record(repository: &Repository, ctx: &Context, incident: SecurityEvent) -> Result<()> {
    repository.write(&ctx.in_earnest(), incident, |tx, incident| Box::pin(audit::record(tx, incident))).await
}
