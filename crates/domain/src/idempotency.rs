//! Idempotency keys: the same request, sent again, gets the first answer and does nothing twice.
//!
//! An answer is kept in the transaction of its effect, under the tenant, the principal, the operation and the key, with a
//! fingerprint of the request. A request that failed had no effect and keeps nothing; neither does a dry run, which honours no key. Fingerprints
//! are MACs and answers are sealed: a request may hold a password, and an answer a secret.
//!
//! Invariant: a caller is authorized each time. With an answer lies the record of what its operation was authorized to do ([`Recorded`]), and a
//! caller who does not pass it any more gets the refusal that the operation would give. An answer that holds a secret, or is about the caller's
//! own session, is replayed to the credential that it was given to, and refused to all others.

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
    Context, Error, Result, Scope, Store, System, Tx,
    error::Kind,
    policy::{Action, Authorization, Record, Recorded},
    scopes,
    store::{Operation, entity, json::AsJson},
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
        /// What the caller was authorized to do; null in rows of servers that did not record it.
        pub authorized: Option<AsJson<Recorded>>,
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
    /// The key of a request: bound to the caller (not to their token), to the operation, and to what else the request says.
    pub fn idempotency_key(&self, ctx: &Context, operation: &str, key: &str, request: &[&[u8]]) -> Key {
        let actor = ctx.actor().id().unwrap_or_default();
        let parts = [actor.as_bytes().as_slice(), operation.as_bytes(), key.as_bytes()];
        let name = taskhub_auth::secret::mac(self.secret(), &parts);
        let id = std::array::from_fn(|i| name.get(i).copied().unwrap_or_default());
        let whole = [&[b"request".as_slice(), operation.as_bytes()], request].concat();
        let fingerprint = taskhub_auth::secret::mac(self.secret(), &whole);
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
        self.write(&ctx.recorded(), once, |tx, once| Box::pin(run(tx, once))).await
    }

    /// The answer that was kept for a key, for operations that prove something before their transaction that their own effect makes untrue.
    ///
    /// # Errors
    /// Those of authorization, and `IdempotencyMismatch`.
    pub async fn answered(&self, ctx: &Context, key: Option<&Key>) -> Result<Option<Answer>> {
        let Some(key) = key.filter(|_| !ctx.is_dry_run()) else { return Ok(None) };
        let scope = self.read(ctx);
        match scope.find::<Kept>(key.id, false).await?.filter(|kept| kept.expires_at > ctx.now()) {
            Some(kept) => kept.again(&scope, key, self.cipher()).await.map(Some),
            None => Ok(None),
        }
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
        tx.forget::<Kept>(row.id).await?;
    }
    // Another node may keep the same key at this moment: its row wins, and this transaction is tried again.
    tx.keep(&row).await?;
    Ok(answer)
}

/// Runs the operation, from an empty record on.
async fn record<I, O>(tx: &Tx, once: &Once<I, O>) -> Result<O> {
    if let Some(record) = tx.ctx().record() {
        record.clear();
    }
    (once.operation)(tx, &once.input).await
}

/// What the operation was authorized to do, as far as its own effect leaves it so: rows that it removed, or that it made for others, are not
/// asked for again.
async fn recorded(tx: &Tx) -> Result<Recorded> {
    let mut recorded = tx.ctx().record().map(Record::read).unwrap_or_default();
    let scope = tx.settled().await?;
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

/// What an answer is sealed for.
fn purpose<'a>(tenant: &'a Uuid, id: &'a Uuid) -> [&'a [u8]; 3] {
    [b"answer", tenant.as_bytes(), id.as_bytes()]
}

impl Kept {
    /// The answer, for the same request again, if its caller may still get it.
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
    let detail = "The answer to this idempotency key depends on the credential that it was given to: use that one, or another key.";
    Error::with(Kind::Forbidden, detail)
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
