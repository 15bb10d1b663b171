//! Idempotency keys: a repeated request gets the first response, and takes effect once.
//!
//! A response is stored in the transaction of its effect, by tenant, principal, operation and key,
//! with a fingerprint of the request. A failed request has no effect and stores nothing. A dry run
//! stores nothing and honours no key. Fingerprints are MACs and stored responses are encrypted,
//! because a request may have a password and a response a secret.
//!
//! Invariant: the caller is authorised each time. A stored response has a record of what its
//! operation was authorised to do ([`Recorded`]). A caller who is no longer authorised gets the
//! error that the operation would return. A response with a secret, or about the caller's own
//! session, is repeated only to the credential that received it.
//!
//! This module does not know HTTP headers or single resources.

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
    Context, Error, Repository, Result, Scope, System, Tx,
    kernel::{
        error::Kind,
        policy::{Action, Authorization, Record, Recorded},
        repository::{Operation, entity, json::AsJson},
        scopes,
    },
};

/// The time for which a response is stored.
const KEPT: Duration = Duration::from_hours(24);

entity! {
    struct Kept in "idempotency", unversioned {
        pub fingerprint: String,
        pub status: i16,
        pub location: Option<String>,
        pub etag: Option<String>,
        pub expires_at: Timestamp,
        pub body: String,
        /// What the caller was authorised to do; null in rows of older servers.
        pub authorized: Option<AsJson<Recorded>>,
    }
}

/// The key of one request.
#[derive(Clone, Debug)]
pub struct Key {
    id: Uuid,
    fingerprint: String,
}

/// A response that can be stored and repeated.
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
    /// Whether it is a repeated response.
    pub replayed: bool,
}

/// The keys of the requests in progress on this node.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<HashSet<(Uuid, Uuid)>>>);

/// Marks a request as the only one in progress with its key, until it is dropped.
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

impl Repository {
    /// The key of a request. It is bound to the caller (not to the token), the operation and the
    /// rest of the request.
    pub fn idempotency_key(&self, ctx: &Context, operation: &str, key: &str, request: &[&[u8]]) -> Key {
        let actor = ctx.actor().id().unwrap_or_default();
        let parts = [actor.as_bytes().as_slice(), operation.as_bytes(), key.as_bytes()];
        let name = taskhub_auth::secret::mac(self.secret(), &parts);
        let id = std::array::from_fn(|i| name.get(i).copied().unwrap_or_default());
        let whole = [&[b"request".as_slice(), operation.as_bytes()], request].concat();
        let fingerprint = taskhub_auth::secret::mac(self.secret(), &whole);
        Key { id: Uuid::from_bytes(id), fingerprint: URL_SAFE_NO_PAD.encode(fingerprint) }
    }

    /// As [`Repository::write`], but returns a response that can be stored. With a key, the operation
    /// runs once.
    ///
    /// # Errors
    /// Those of the operation; `IdempotencyInFlight` and `IdempotencyMismatch`.
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
        self.write(&ctx.recorded(), once, |tx, once| Box::pin(run(tx, once))).await
    }

    /// The stored response for a key. For operations that check something before their transaction
    /// which is no longer true after it.
    ///
    /// # Errors
    /// Those of authorisation, `Forbidden` for another credential, and `IdempotencyMismatch`.
    pub async fn answered(&self, ctx: &Context, key: Option<&Key>) -> Result<Option<Answer>> {
        let Some(key) = key.filter(|_| !ctx.is_dry_run()) else { return Ok(None) };
        let scope = self.read(ctx);
        match scope.find::<Kept>(key.id, false).await?.filter(|kept| kept.expires_at > ctx.now()) {
            Some(kept) => kept.again(&scope, key, self.cipher()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Removes expired responses.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn forget_answers(&self, system: &System) -> Result<()> {
        self.housekeep(system, "idempotency", "expires_at", system.now()).await
    }
}

async fn run<I, O>(tx: &Tx, once: &Once<I, O>) -> Result<Answer> {
    // The row is locked, so nobody else removes it when it has expired.
    let kept = tx.find_internal::<Kept>(once.key.id).await?;
    let expired = kept.is_some();
    if let Some(kept) = kept.filter(|kept| kept.expires_at > tx.now()) {
        return kept.again(tx, &once.key, tx.cipher()).await;
    }
    let output = record(tx, once).await?;
    let authorized = Some(AsJson(recorded(tx).await?));
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
        authorized,
    };
    if expired {
        tx.delete_internal::<Kept>(row.id).await?;
    }
    // If another node stores the same key now, its row wins and this transaction is retried.
    tx.insert_internal(&row).await?;
    Ok(answer)
}

/// Runs the operation with an empty record of authorisations.
async fn record<I, O>(tx: &Tx, once: &Once<I, O>) -> Result<O> {
    if let Some(record) = tx.ctx().record() {
        record.clear();
    }
    (once.operation)(tx, &once.input).await
}

/// What the operation was authorised to do, without what its own effect made untrue: rows that it
/// deleted, or created for others, are not checked again.
async fn recorded(tx: &Tx) -> Result<Recorded> {
    let mut recorded = tx.ctx().record().map(Record::read).unwrap_or_default();
    let scope = tx.flushed().await?;
    for authorization in std::mem::take(&mut recorded.authorizations) {
        let seen = Authorization { action: Action::Read, ..authorization };
        for wanted in [authorization, seen] {
            match scope.authorize_recorded(wanted).await {
                Ok(()) => {
                    recorded.authorizations.insert(wanted);
                    break;
                }
                Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Forbidden) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(recorded)
}

/// The context to which an encrypted response is bound.
fn purpose<'a>(tenant: &'a Uuid, id: &'a Uuid) -> [&'a [u8]; 3] {
    [b"answer", tenant.as_bytes(), id.as_bytes()]
}

impl Kept {
    /// The response for the repeated request, if the caller may still get it.
    async fn again(self, scope: &Scope, key: &Key, cipher: &Cipher) -> Result<Answer> {
        let Self { tenant_id, id, status, location, etag, body, authorized, .. } = self;
        let AsJson(authorized) = authorized.ok_or_else(of_another_credential)?;
        for authorization in authorized.authorizations {
            scope.authorize_recorded(authorization).await?;
        }
        scopes::give(scope.ctx(), &Vec::from_iter(authorized.given))?;
        if self.fingerprint != key.fingerprint {
            return Err(Kind::IdempotencyMismatch.into());
        }
        if authorized.credential.is_some() && authorized.credential != scope.ctx().credential() {
            return Err(of_another_credential());
        }
        let body = cipher.open(&body, &purpose(&tenant_id, &id)).map_err(Error::internal)?;
        let body = body.expose_secret().to_owned();
        Ok(Answer { status, location, etag, body, replayed: true })
    }
}

fn of_another_credential() -> Error {
    let detail = "The response for this idempotency key is repeated only to the credential that received it. Use that credential, or a new key.";
    Error::with(Kind::Forbidden, detail)
}

impl Answer {
    /// A response with a body.
    ///
    /// # Errors
    /// `Internal` if the body cannot be serialised as JSON.
    pub fn new(status: i16, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_string(body).map_err(Error::internal)?;
        Ok(Self { status, location: None, etag: None, body, replayed: false })
    }
}
