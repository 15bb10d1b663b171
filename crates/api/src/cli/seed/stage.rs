//! Who acts in the demonstration, and when: each user by a verified token of their own, at an instant that the story names.
//!
//! Invariant: all that is written goes through the operations that requests go through, judged by the rights of who acts. No row's stamps are
//! written here: they come of the clock that the writer's context has.

use std::{sync::Arc, time::Duration};

use actix_web::web::Bytes;
use serde_json::Value;
use taskhub_auth::Principal;
use taskhub_domain::{
    Clock, Context, Error, Instant, Result,
    context::Request,
    crud::{self, Editable, EditableChild},
    file::Received,
    input::Unchecked,
    repository::{Operation, Precondition},
};
use uuid::Uuid;

use crate::state::State;

/// For how many days the organisation has been at work.
pub(super) const DAYS: u64 = 120;
const DAY: Duration = Duration::from_hours(24);

/// An organisation's users, and the span of time in which they act.
pub(super) struct Batches<'a> {
    pub(super) state: &'a State,
    pub(super) users: Vec<(Uuid, Arc<Principal>)>,
    pub(super) now: Instant,
}

/// When the story of an organisation begins.
pub(super) fn beginning(now: Instant) -> Instant {
    now.minus(DAY * u32::try_from(DAYS).unwrap_or_default())
}

impl Batches<'_> {
    /// So many hours after the beginning.
    pub(super) fn hour(&self, hours: u64) -> Instant {
        beginning(self.now).plus(Duration::from_hours(hours))
    }

    /// The id of one of the users.
    pub(super) fn user(&self, who: usize) -> Option<Uuid> {
        self.users.get(who).map(|(id, _)| *id)
    }

    fn by(&self, who: usize, at: Instant) -> Result<Context> {
        let (_, principal) =
            self.users.get(who).ok_or_else(|| Error::internal("nobody of that number acts"))?;
        Context::of(principal, Request::default(), Clock::at(at))
    }

    /// Somebody does something.
    pub(super) async fn act<I, O>(
        &self,
        who: usize,
        at: Instant,
        input: I,
        operation: Operation<I, O>,
    ) -> Result<O>
    where
        I: Send + Sync + 'static,
        O: Send + 'static,
    {
        self.state.repository.write(&self.by(who, at)?, input, operation).await
    }

    /// Somebody makes a row.
    pub(super) async fn make<N: Editable>(&self, who: usize, at: Instant, body: Value) -> Result<N> {
        self.act(who, at, body, |tx, body| {
            Box::pin(async move { crud::create::<N>(tx, &Unchecked::new(body.clone())).await })
        })
        .await
    }

    /// Somebody makes a row in another.
    pub(super) async fn make_within<N: EditableChild>(
        &self,
        who: usize,
        at: Instant,
        parent: Uuid,
        body: Value,
    ) -> Result<N> {
        self.act(who, at, (parent, body), |tx, (parent, body)| {
            Box::pin(
                async move { crud::create_within::<N>(tx, *parent, &Unchecked::new(body.clone())).await },
            )
        })
        .await
    }

    /// Somebody changes some fields of a row.
    pub(super) async fn change<N: Editable>(
        &self,
        who: usize,
        at: Instant,
        id: Uuid,
        body: Value,
    ) -> Result<()> {
        self.act(who, at, (id, body), |tx, (id, body)| {
            Box::pin(async move {
                let body = Unchecked::patch(body.clone());
                crud::update::<N>(tx, *id, &body, &Precondition::Any).await.map(drop)
            })
        })
        .await
    }

    /// A file that somebody sends: it lies in the blob_store, as every upload does.
    pub(super) async fn receive(&self, who: usize, at: Instant, text: String) -> Result<Received> {
        let ctx = self.by(who, at)?;
        let mut receiving = self.state.blob_store.receive(ctx.tenant(), at.new_id(ctx.tenant()));
        receiving.take(Bytes::from(text)).await?;
        receiving.finish().await
    }
}
