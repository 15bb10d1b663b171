//! Requests for links by mail, which are answered before anything is looked up.
//!
//! Invariant: neither the answer nor its time depends on whether there is an account. Clients' addresses take turns at being looked into, and tenants
//! at being written to, so that nobody's many requests delay the one of somebody else.

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

/// The bounds by client address. A request takes about 2 KB of memory.
const BY_ADDRESS: Bounds = Bounds { places: 4096, places_each: 32, permits: 32, permits_each: 4 };
/// The bounds by tenant: a request that has a place by its address always has those of the tenants that it means.
const BY_TENANT: Bounds =
    Bounds { places: usize::MAX, places_each: usize::MAX, permits: 32, permits_each: 4 };
/// How often a link is tried while the database is overloaded.
const TRIES: u32 = 6;
/// The pause after the first try; it doubles with each.
const PAUSE: Duration = Duration::from_millis(500);

/// The requests that wait or are under way.
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
    /// Whether none waits or is under way.
    pub fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }

    /// A place for a request of a client's, before anything is known about the account.
    pub(crate) fn place(&self, request: &Request) -> std::result::Result<Place<Option<IpAddr>>, Problem> {
        self.by_address.place(request.address.map(network)).map_err(|full| match full {
            Full::Key => {
                let detail = "Many requests from your address for links by mail wait already.";
                Problem::new(Code::RateLimited, detail)
            }
            Full::Queue => Code::Unavailable.into(),
        })
    }
}

impl State {
    /// Makes a link by mail for each account that somebody may mean, and holds the place until then.
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
                let system = self.repository.system("a link was asked for", request.clone());
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
            tracing::warn!(%error, cause = error.cause().map(tracing::field::display), "a link by mail could not be made");
        }
    }
}

/// Tries again while the database is overloaded.
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
