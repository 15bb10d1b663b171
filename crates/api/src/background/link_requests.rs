//! Requests for links by email. The response is sent before the account is looked up.
//!
//! Invariant: neither the response nor its time depends on whether the account exists. Client
//! addresses take turns at the look-up, and tenants at the write, so that many requests of one
//! client do not delay those of another.

use std::{net::IpAddr, time::Duration};

use taskhub_domain::{
    Result,
    context::{Request, network},
    error::Kind,
    repository::Operation,
    user::{self, Candidate, Login},
};
use uuid::Uuid;

use crate::{
    background::fair_queue::{Bounds, FairQueue, Full, Place},
    http::problem::{Code, Problem},
    state::State,
};

/// The bounds per client address. A request takes about 2 KB of memory.
const BY_ADDRESS: Bounds = Bounds { places: 4096, places_each: 32, permits: 32, permits_each: 4 };
/// The bounds per tenant. Only the permits are bounded, because the places are already bounded per
/// client address.
const BY_TENANT: Bounds =
    Bounds { places: usize::MAX, places_each: usize::MAX, permits: 32, permits_each: 4 };
/// The most attempts while the database is overloaded.
const TRIES: u32 = 6;
/// The pause after the first attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(500);

/// The requests that are waiting or in progress.
#[derive(Debug)]
pub struct LinkRequests {
    by_address: FairQueue<Option<IpAddr>>,
    by_tenant: FairQueue<Uuid>,
}

impl Default for LinkRequests {
    fn default() -> Self {
        Self { by_address: FairQueue::new(BY_ADDRESS), by_tenant: FairQueue::new(BY_TENANT) }
    }
}

impl LinkRequests {
    /// Whether no request is waiting or in progress.
    pub fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }

    /// Takes a place for a request of a client, before the account is looked up.
    pub(crate) fn place(&self, request: &Request) -> std::result::Result<Place<Option<IpAddr>>, Problem> {
        self.by_address.place(request.address.map(network)).map_err(|full| match full {
            Full::Key => {
                let detail = "Too many requests for links by email from your address are waiting.";
                Problem::new(Code::RateLimited, detail)
            }
            Full::Queue => Code::Unavailable.into(),
        })
    }
}

impl State {
    /// Creates a link by email for each account that matches the login. Holds the place until then.
    pub(crate) async fn make_links(
        self,
        place: Place<Option<IpAddr>>,
        request: Request,
        login: Login,
        operation: Operation<(), ()>,
    ) {
        let candidates = {
            let _permit = place.permit().await;
            persist(async || {
                let system = self.repository.system("creating a link by email", request.clone());
                user::candidates(&self.repository, &system, &login).await
            })
            .await
        };
        let made = async |candidate: Candidate| {
            let Ok(place) = self.link_requests.by_tenant.place(candidate.context.tenant()) else {
                return Ok(());
            };
            let _permit = place.permit().await;
            persist(async || self.repository.write(&candidate.context, (), operation).await).await
        };
        let done = match candidates {
            Ok(candidates) => futures::future::try_join_all(candidates.into_iter().map(made)).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            tracing::warn!(%error, cause = error.cause().map(tracing::field::display), "a link by email could not be created");
        }
    }
}

/// Retries while the database is overloaded.
async fn persist<T>(work: impl AsyncFn() -> Result<T>) -> Result<T> {
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match work().await {
            Err(error) if error.kind() == Kind::Unavailable => tokio::time::sleep(pause).await,
            done => return done,
        }
        pause *= 2;
    }
    work().await
}
