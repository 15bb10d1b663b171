//! Idempotency keys: the same request, sent again, gets the first answer and does nothing twice.
//!
//! An answer is kept in the transaction of its effect, under the tenant, the principal, the operation and the key, with a
//! fingerprint of the request. A request that failed had no effect and keeps nothing; so does a dry run, which heeds no key. Fingerprints are MACs and answers are sealed: a
//! request may hold a password, and an answer a secret that is shown this once.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::entity::prelude::*;
use secrecy::ExposeSecret;
use serde::Serialize;
use taskhub_auth::Cipher;

use crate::{
    Context, Error, Result, Store, System, Tx,
    error::Kind,
    store::{Operation, entity},
};

/// For how long an answer is kept.
const KEPT: Duration = Duration::from_hours(24);

entity! {
    struct Kept in "idempotency", unversioned {
        pub fingerprint: String,
        pub status: i16,
        pub location: Option<String>,
        pub etag: Option<String>,
        pub expires_at: Instant,
        pub body: String,
    }
}

/// A client's key for one request.
#[derive(Clone, Debug)]
pub struct Key {
    id: Uuid,
    fingerprint: String,
}

/// An answer that can be kept and given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: i16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The body, as JSON; empty for none.
    pub body: String,
    /// Whether it was given before.
    pub replayed: bool,
}

/// The keys whose requests are under way on this node.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<HashSet<(Uuid, Uuid)>>>);

/// The right to be the one request under way with its key.
struct Turn {
    keys: InFlight,
    key: (Uuid, Uuid),
}

impl InFlight {
    fn enter(&self, tenant: Uuid, key: &Key) -> Result<Turn> {
        let key = (tenant, key.id);
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
            Ok(Turn { keys: self.clone(), key })
        } else {
            Err(Kind::IdempotencyInFlight.into())
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

struct Once<I, O> {
    key: Key,
    input: I,
    operation: Operation<I, O>,
    answer: fn(&O) -> Result<Answer>,
}

impl Store {
    /// The key of a request: bound to the caller (not to their token), to the operation, and to the body.
    pub fn idempotency_key(&self, ctx: &Context, operation: &str, key: &str, body: &[u8]) -> Key {
        let actor = ctx.actor().id().unwrap_or_default();
        let parts = [actor.as_bytes().as_slice(), operation.as_bytes(), key.as_bytes()];
        let name = taskhub_auth::secret::mac(self.secret(), &parts);
        let id = std::array::from_fn(|i| name.get(i).copied().unwrap_or_default());
        let fingerprint = taskhub_auth::secret::mac(self.secret(), &[b"request", operation.as_bytes(), body]);
        Key { id: Uuid::from_bytes(id), fingerprint: URL_SAFE_NO_PAD.encode(fingerprint) }
    }

    /// As [`Store::write`], answering with what can be kept; with a key, once.
    ///
    /// # Errors
    /// The operation's own; `IdempotencyInFlight` and `IdempotencyMismatch`.
    pub async fn write_once<I, O>(
        &self,
        ctx: &Context,
        key: Option<Key>,
        input: I,
        operation: Operation<I, O>,
        answer: fn(&O) -> Result<Answer>,
    ) -> Result<Answer>
    where
        I: Send + Sync + 'static,
        O: Send + Sync + 'static,
    {
        let Some(key) = key.filter(|_| !ctx.is_dry_run()) else {
            return answer(&self.write(ctx, input, operation).await?);
        };
        let _turn = self.in_flight().enter(ctx.tenant(), &key)?;
        let once = Once { key, input, operation, answer };
        self.write(ctx, once, |tx, once| Box::pin(run(tx, once))).await
    }

    /// The answer that was kept for a key, for operations that prove something before their transaction that their own effect makes untrue.
    ///
    /// # Errors
    /// `IdempotencyMismatch`.
    pub async fn answered(&self, ctx: &Context, key: Option<&Key>) -> Result<Option<Answer>> {
        let Some(key) = key.filter(|_| !ctx.is_dry_run()) else { return Ok(None) };
        let kept = self.read(ctx).find::<Kept>(key.id, false).await?;
        kept.filter(|kept| kept.expires_at > ctx.now()).map(|kept| kept.again(key, self.cipher())).transpose()
    }

    /// Forgets the answers that have expired.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_answers(&self, system: &System) -> Result<()> {
        self.housekeep(system, "idempotency", "expires_at", system.now()).await
    }
}

async fn run<I, O>(tx: &Tx, once: &Once<I, O>) -> Result<Answer> {
    // The row is locked: what has expired of it, nobody else takes away.
    let kept = tx.kept::<Kept>(once.key.id).await?;
    let expired = kept.is_some();
    if let Some(kept) = kept.filter(|kept| kept.expires_at > tx.now()) {
        return kept.again(&once.key, tx.cipher());
    }
    let output = (once.operation)(tx, &once.input).await?;
    let answer = (once.answer)(&output)?;
    let expires_at = tx.now().plus(KEPT);
    let Answer { status, location, etag, body, .. } = answer.clone();
    let (tenant_id, id) = (tx.ctx().tenant(), once.key.id);
    let body = tx.cipher().seal(&body, &purpose(&tenant_id, &id)).map_err(Error::internal)?;
    let row = Kept {
        tenant_id,
        id,
        fingerprint: once.key.fingerprint.clone(),
        status,
        location,
        etag,
        expires_at,
        body,
    };
    if expired {
        tx.forget::<Kept>(row.id).await?;
    }
    // Another node may keep the same key at this moment: its row wins, and this transaction is tried again.
    tx.keep(&row).await?;
    Ok(answer)
}

/// What an answer is sealed for.
fn purpose<'a>(tenant: &'a Uuid, id: &'a Uuid) -> [&'a [u8]; 3] {
    [b"answer", tenant.as_bytes(), id.as_bytes()]
}

impl Kept {
    /// The answer, for the same request again.
    fn again(self, key: &Key, cipher: &Cipher) -> Result<Answer> {
        if self.fingerprint != key.fingerprint {
            return Err(Kind::IdempotencyMismatch.into());
        }
        let Self { tenant_id, id, status, location, etag, body, .. } = self;
        let body = cipher.open(&body, &purpose(&tenant_id, &id)).map_err(Error::internal)?;
        let body = body.expose_secret().to_owned();
        Ok(Answer { status, location, etag, body, replayed: true })
    }
}

impl Answer {
    /// An answer with a body.
    ///
    /// # Errors
    /// `Internal` when it can't be written as JSON.
    pub fn new(status: i16, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_string(body).map_err(Error::internal)?;
        Ok(Self { status, location: None, etag: None, body, replayed: false })
    }
}
