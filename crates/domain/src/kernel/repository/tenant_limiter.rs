//! Limits what one tenant uses at once of a shared resource, such as database connections (a
//! bulkhead).
//!
//! Invariant: no tenant holds more than a third, however many requests it sends. Its further
//! requests wait for its own ones, so another tenant still finds a free connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::{Error, Result};

/// The time that a request waits for its tenant's share.
const PATIENCE: Duration = Duration::from_secs(1);
/// The number of tenants in memory above which idle ones are removed.
const REMEMBERED: usize = 1024;

/// The shares of all tenants in one resource.
#[derive(Debug)]
pub struct TenantLimiter {
    each: usize,
    tenants: Mutex<HashMap<Uuid, Arc<Semaphore>>>,
}

/// The share of one tenant.
#[derive(Clone, Debug)]
pub struct TenantShare {
    shares: Arc<TenantLimiter>,
    tenant: Uuid,
}

impl TenantLimiter {
    /// Gives each tenant a third of `number`, and at least one.
    pub fn new(number: u32) -> Self {
        let each = usize::try_from(number / 3).unwrap_or_default().max(1);
        Self { each, tenants: Mutex::default() }
    }

    /// The share of a tenant.
    pub fn of(self: &Arc<Self>, tenant: Uuid) -> TenantShare {
        TenantShare { shares: self.clone(), tenant }
    }
}

impl TenantShare {
    /// Waits for a place in the tenant's share. Dropping the permit returns the place.
    ///
    /// # Errors
    /// `Unavailable` after 1 s.
    pub async fn enter(&self) -> Result<OwnedSemaphorePermit> {
        let semaphore = {
            let mut tenants = self.shares.tenants.lock().unwrap_or_else(PoisonError::into_inner);
            if tenants.len() > REMEMBERED {
                tenants.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
            }
            tenants.entry(self.tenant).or_insert_with(|| Arc::new(Semaphore::new(self.shares.each))).clone()
        };
        match tokio::time::timeout(PATIENCE, semaphore.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::unavailable("the tenant uses its whole share")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt;
    use uuid::Uuid;

    use super::TenantLimiter;

    #[tokio::test(start_paused = true)]
    async fn a_tenant_waits_for_its_own() {
        let shares = Arc::new(TenantLimiter::new(6));
        let (one, other) = (shares.of(Uuid::from_u128(1)), shares.of(Uuid::from_u128(2)));
        let first = one.enter().await.unwrap();
        let _second = one.enter().await.unwrap();
        let mut third = Box::pin(one.enter());
        assert!((&mut third).now_or_never().is_none(), "a third connection is over the share of two");
        assert!(other.enter().now_or_never().is_some(), "another tenant does not wait");
        drop(first);
        assert!(third.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let shares = Arc::new(TenantLimiter::new(2));
        let one = shares.of(Uuid::from_u128(1));
        let _held = one.enter().await.unwrap();
        assert!(one.enter().await.is_err());
    }
}
