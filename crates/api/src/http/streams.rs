//! Event streams of the change feed: the limits on open streams, and what a stream sends.
//!
//! Invariant: a stream sends nothing that its caller may not read at that moment. It ends at once
//! when the token is revoked or expires, the tenant is suspended, or the server stops; this is
//! checked again before each part is passed to the connection. The data in transit to a client is
//! bounded, and a client that does not read is disconnected. A stream counts against the limits
//! until its connection releases it.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::web::Bytes;
use futures::{Stream, stream};
use taskhub_auth::Principal;
use taskhub_domain::{
    Error, Result,
    change_feed::{Reading, SHOWN},
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use crate::{
    http::problem::{Code, Problem},
    state::State,
};

/// The most parts that wait for a client.
const WAITING: usize = 1;
/// The number of heartbeats during which a client may read nothing.
const PATIENCE: u32 = 4;
/// The pause before a client reconnects, in milliseconds.
const RETRY: u32 = 2000;

/// The owner of a limit on open streams.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Node,
    Tenant(Option<Uuid>),
    Principal(Option<Uuid>, Uuid),
}

/// The open streams of a node.
pub struct Streams {
    open: Mutex<HashMap<Holder, u32>>,
    most: u32,
    each: u32,
    ending: watch::Sender<bool>,
}

impl Streams {
    /// No open streams, with the limits for the node and for each caller.
    pub fn new(most: u32, each: u32) -> Self {
        Self { open: Mutex::default(), most, each, ending: watch::Sender::new(false) }
    }

    /// Ends all streams and prevents new ones.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Notifies when the streams end.
    pub fn ending(&self) -> watch::Receiver<bool> {
        self.ending.subscribe()
    }

    /// Adds or removes a stream of a caller. Returns whether the limits allow it.
    fn count(&self, principal: &Principal, up: bool) -> bool {
        let (tenant, third) = (principal.tenant(), (self.most / 3).max(self.each));
        let bounds = [
            (Holder::Node, self.most),
            (Holder::Tenant(tenant), third),
            (Holder::Principal(tenant, principal.id()), self.each),
        ];
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if up && bounds.iter().any(|(holder, most)| open.get(holder).is_some_and(|open| open >= most)) {
            return false;
        }
        for (holder, _) in bounds {
            let number = open.entry(holder).or_default();
            *number = if up { *number + 1 } else { number.saturating_sub(1) };
        }
        open.retain(|_, number| *number > 0);
        true
    }
}

/// The longest time during which a client may read nothing.
pub(crate) fn patience(heartbeat_seconds: u32) -> Duration {
    Duration::from_secs(heartbeat_seconds.into()) * PATIENCE
}

/// A stream that counts against the limits until it is dropped.
pub(crate) struct Place(Right);

/// A caller's right to read the stream.
#[derive(Clone)]
struct Right(State, Arc<Principal>);

impl Place {
    /// Counts a new stream of a caller.
    ///
    /// # Errors
    /// `RateLimited` when a limit is reached.
    pub(crate) fn take(state: &State, principal: Arc<Principal>) -> std::result::Result<Self, Problem> {
        if !state.streams.count(&principal, true) {
            let detail = "Too many streams are open: of you, of your organisation or of the server.";
            return Err(Problem::new(Code::RateLimited, detail).retry_after(RETRY.into()));
        }
        Ok(Self(Right(state.clone(), principal)))
    }

    /// The body of the stream. It counts against the limits until it is dropped.
    pub(crate) fn follow(
        self,
        reading: Reading,
    ) -> impl Stream<Item = std::result::Result<Bytes, Infallible>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let right = self.0.clone();
        actix_web::rt::spawn(async move {
            if let Err(error) = right.run(reading, &sender).await
                && error.cause().is_some()
            {
                tracing::warn!(%error, "an event stream was interrupted");
            }
        });
        stream::unfold((receiver, self), |(mut receiver, place)| async {
            let part = receiver.recv().await?;
            // The part may have waited for a while, so the right is checked again.
            place.0.holds().then_some((Ok(part), (receiver, place)))
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Right(state, principal) = &self.0;
        state.streams.count(principal, false);
    }
}

impl Right {
    /// Whether the caller may still read the stream.
    fn holds(&self) -> bool {
        let Self(state, principal) = self;
        let now = state.repository.clock().now().seconds();
        let ends = *state.streams.ending.borrow();
        !ends && now < principal.expires_at() && state.repository.revocations().refuse(principal).is_none()
    }

    async fn run(&self, mut reading: Reading, sender: &mpsc::Sender<Bytes>) -> Result<()> {
        let Self(state, principal) = self;
        let repository = &state.repository;
        let (mut feed, mut revoked) = (reading.follow(repository), repository.revocations().changes());
        let mut ending = state.streams.ending();
        let seconds = state.settings.heartbeat_seconds;
        let (heartbeat, patience) = (Duration::from_secs(seconds.into()), patience(seconds));
        let left = principal.expires_at() - repository.clock().now().seconds();
        let expiry = sleep(Duration::from_secs(u64::try_from(left).unwrap_or_default()));
        // Only sent data delays the heartbeat, not another wake-up.
        let beat = sleep(heartbeat);
        tokio::pin!(expiry, beat);
        let mut text = format!("retry: {RETRY}\nid: {}\n\n", reading.cursor(repository));
        let mut reads = true;
        loop {
            if reads {
                feed.mark_unchanged();
                let page = reading.next(repository, SHOWN).await?;
                for change in page.results {
                    let data = serde_json::to_string(&change).map_err(Error::internal)?;
                    let (id, noun, action) = (&change.cursor, &change.noun, &change.action);
                    text.extend(["id: ", id, "\nevent: ", noun, ".", action, "\ndata: ", &data, "\n\n"]);
                }
                reads = page.more;
            }
            if text.is_empty() && beat.is_elapsed() {
                // The cursor also moves past changes that the client did not see.
                text = format!(": \nid: {}\n\n", reading.cursor(repository));
            }
            // Checked after reading and before sending.
            if !self.holds() {
                return Ok(());
            }
            if !text.is_empty() {
                let part = Bytes::from(std::mem::take(&mut text));
                if !matches!(timeout(patience, sender.send(part)).await, Ok(Ok(()))) {
                    return Ok(());
                }
                beat.as_mut().reset(Instant::now() + heartbeat);
            }
            if reads {
                continue;
            }
            tokio::select! {
                () = sender.closed() => return Ok(()),
                _ = feed.changed() => reads = true,
                _ = revoked.changed() => {}
                _ = ending.changed() => {}
                () = &mut expiry => return Ok(()),
                () = &mut beat => {}
            }
        }
    }
}
