//! Streams of changes: how many are open, and what one sends for as long as its caller may follow.
//!
//! Invariant: a stream tells nothing that its caller may not read at that moment, and ends at once when their token is revoked or expires, their tenant is
//! suspended, or the server stops: that is asked again as each part is given to the connection. What is under way to a client is bounded, one that does not
//! read is left, and its place is taken for as long as its connection holds the stream.

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

/// How many parts wait for a client.
const WAITING: usize = 1;
/// For how many heartbeats a client may take nothing.
const PATIENCE: u32 = 4;
/// What a client waits before it comes again, in milliseconds.
const RETRY: u32 = 2000;

/// Who has streams open.
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
    /// So many at once, and of one caller so many.
    pub fn new(most: u32, each: u32) -> Self {
        Self { open: Mutex::default(), most, each, ending: watch::Sender::new(false) }
    }

    /// Ends all of them, and lets no other begin.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Whether they end.
    pub fn ending(&self) -> watch::Receiver<bool> {
        self.ending.subscribe()
    }

    /// Counts the streams of a caller up, or down; whether there is room.
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

/// For how long a client may take nothing of what is sent to it.
pub(crate) fn patience(heartbeat_seconds: u32) -> Duration {
    Duration::from_secs(heartbeat_seconds.into()) * PATIENCE
}

/// A place among them, until it is dropped.
pub(crate) struct Place(Right);

/// Somebody's right to follow.
#[derive(Clone)]
struct Right(State, Arc<Principal>);

impl Place {
    /// Takes one.
    ///
    /// # Errors
    /// `RateLimited` when there is none.
    pub(crate) fn take(state: &State, principal: Arc<Principal>) -> std::result::Result<Self, Problem> {
        if !state.streams.count(&principal, true) {
            let detail = "There are too many open streams: of you, of your organisation, or of all.";
            return Err(Problem::new(Code::RateLimited, detail).retry_after(RETRY.into()));
        }
        Ok(Self(Right(state.clone(), principal)))
    }

    /// What a stream sends from here on. It holds the place until it is dropped, whoever has ended it.
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
                tracing::warn!(%error, "a stream broke off");
            }
        });
        stream::unfold((receiver, self), |(mut receiver, place)| async {
            let part = receiver.recv().await?;
            // It may have waited for long.
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
    /// Whether the caller may still follow.
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
        // Whatever else wakes the stream: only what is sent puts it off.
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
                // Tells the client also where to go on after changes that it did not see.
                text = format!(": \nid: {}\n\n", reading.cursor(repository));
            }
            // Judged after it was read, and before it is told.
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
