//! The scheduler of reminders and due dates: it notifies users when one is due.
//!
//! It checks every second. In each round, a tenant gets one notification, in its own transaction.
//! So a failure in one tenant does not delay the others.

use std::time::Duration;

use taskhub_domain::{Context, Result, context::Request, notification};

use crate::state::State;

/// The pause between two checks.
const PAUSE: Duration = Duration::from_secs(1);
/// The most tenants in one round.
const ROUND: u64 = 32;

/// Runs the scheduler for all tenants.
pub(crate) async fn listen(state: State) {
    loop {
        match round(&state).await {
            Ok(0) => tokio::time::sleep(PAUSE).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the reminders and due dates cannot be read");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Handles one reminder or due date of each tenant that has any. Returns the number handled.
async fn round(state: &State) -> Result<usize> {
    let system = state.repository.system("notifying of reminders and due dates", Request::default());
    let mut rang = 0;
    for tenant in state.repository.tenants_with_alarms(&system, ROUND).await? {
        rang += usize::from(turn(state, &system.within(tenant)).await);
    }
    Ok(rang)
}

async fn turn(state: &State, ctx: &Context) -> bool {
    match state.repository.write(ctx, (), |tx, ()| Box::pin(notification::ring(tx))).await {
        Ok(rang) => rang,
        Err(error) => {
            tracing::warn!(%error, "a reminder or due date cannot be notified");
            false
        }
    }
}
