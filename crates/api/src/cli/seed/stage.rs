//! The users of the demonstration data, who each act with a verified token at a planned time.
//!
//! Invariant: everything is written by the same operations as requests, and authorised for the user
//! who acts. The timestamps of rows come from the clock of the context.

use std::{sync::Arc, time::Duration};

use actix_web::web::Bytes;
use serde_json::Value;
use taskhub_auth::Principal;
use taskhub_domain::{
    Clock, Context, Error, Result, Timestamp,
    context::Request,
    crud::{self, Editable},
    file::Received,
    input::Unchecked,
    repository::{CollectionOf, KeyOf, Operation, Precondition},
};
use uuid::Uuid;

use crate::state::State;

/// The number of days of history.
pub(super) const DAYS: u64 = 120;
const DAY: Duration = Duration::from_hours(24);

/// The users of an organisation, and the current time, at which their history ends.
pub(super) struct Stage<'a> {
    pub(super) state: &'a State,
    pub(super) users: Vec<(Uuid, Arc<Principal>)>,
    pub(super) now: Timestamp,
}

/// The start of the history of an organisation.
pub(super) fn beginning(now: Timestamp) -> Timestamp {
    now.minus(DAY * u32::try_from(DAYS).unwrap_or_default())
}

impl Stage<'_> {
    /// The time this number of hours after the start.
    pub(super) fn hour(&self, hours: u64) -> Timestamp {
        beginning(self.now).plus(Duration::from_hours(hours))
    }

    /// The id of a user.
    pub(super) fn user(&self, who: usize) -> Option<Uuid> {
        self.users.get(who).map(|(id, _)| *id)
    }

    fn by(&self, who: usize, at: Timestamp) -> Result<Context> {
        let (_, principal) =
            self.users.get(who).ok_or_else(|| Error::internal("there is no user with that number"))?;
        Context::of(principal, Request::default(), Clock::at(at))
    }

    /// Runs an operation as a user at a time.
    pub(super) async fn act<I, O>(
        &self,
        who: usize,
        at: Timestamp,
        input: I,
        operation: Operation<I, O>,
    ) -> Result<O>
    where
        I: Send + Sync + 'static,
        O: Send + 'static,
    {
        self.state.repository.write(&self.by(who, at)?, input, operation).await
    }

    /// Creates a row, in a parent if it has one.
    pub(super) async fn make<N: Editable>(
        &self,
        who: usize,
        at: Timestamp,
        collection: CollectionOf<N>,
        body: Value,
    ) -> Result<N> {
        self.act(who, at, (collection, body), |tx, (collection, body)| {
            Box::pin(async move { crud::create::<N>(tx, *collection, &Unchecked::new(body.clone())).await })
        })
        .await
    }

    /// Changes fields of a row.
    pub(super) async fn change<N: Editable>(
        &self,
        who: usize,
        at: Timestamp,
        key: KeyOf<N>,
        body: Value,
    ) -> Result<()> {
        self.act(who, at, (key, body), |tx, (key, body)| {
            Box::pin(async move {
                let body = Unchecked::patch(body.clone());
                crud::update::<N>(tx, *key, &body, &Precondition::Any).await.map(drop)
            })
        })
        .await
    }

    /// Writes a file to the blob store, as an upload does.
    pub(super) async fn receive(&self, who: usize, at: Timestamp, text: String) -> Result<Received> {
        let ctx = self.by(who, at)?;
        let mut receiving = self.state.blob_store.receive(ctx.tenant(), at.new_id(ctx.tenant()));
        receiving.take(Bytes::from(text)).await?;
        receiving.finish().await
    }
}
