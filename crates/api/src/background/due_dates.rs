//! The task that listens for alarms: what users wanted to be reminded of, and what is due.
//!
//! It looks every second. Each tenant gets its turn: one alarm a round, in a transaction of its own, so that one that fails keeps no other back.

use std::time::Duration;

use taskhub_domain::{Context, Result, context::Request, notification};

use crate::state::State;

/// How often it looks.
const PAUSE: Duration = Duration::from_secs(1);
/// The most tenants of one round.
const ROUND: u64 = 32;

/// Tells what alarms are about, of all tenants, again and again.
pub(crate) async fn listen(state: State) {
    loop {
        match round(&state).await {
            Ok(0) => tokio::time::sleep(PAUSE).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the alarms that are due can't be read");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One alarm of each tenant of whom some are due: how many rang.
async fn round(state: &State) -> Result<usize> {
    let system = state.repository.system("ringing alarms", Request::default());
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
            tracing::warn!(%error, "an alarm can't ring");
            false
        }
    }
}
