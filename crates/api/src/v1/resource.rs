//! What the handlers of all resources share.
//!
//! A handler names its resource, its path and its text for the OpenAPI document; the functions here
//! do the rest. Every function that writes goes through `write_once`, so that an idempotency key
//! works on every such operation.
//!
//! This module does not know any single resource, and decides no right.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use taskhub_domain::{
    Timestamp,
    audit::Past,
    bulk::{Bulk, BulkInput, BulkResult, run},
    crud::{self, Editable},
    idempotency::Key,
    repository::{CollectionOf, KeyOf, Operation, Parent, Resource},
};

use super::App;
use crate::http::{
    answer::{self, Answered},
    extract::{Body, Caller, IfMatch, IfNoneMatch, Parameters},
    middleware::limits::{Charged, charge},
};

/// What an error says that `as_of` must be.
pub(super) const INSTANT: &str = "a timestamp (RFC 3339), like 2026-01-31T12:00:00Z";

pub(super) async fn list<N: Resource>(
    caller: &Caller,
    app: &App,
    collection: impl Into<CollectionOf<N>>,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    let page = crud::list::<N>(&app.repository, caller, collection.into(), &query.0).await?;
    answer::list(app, request, page)
}

pub(super) async fn get<N: Resource>(
    caller: &Caller,
    app: &App,
    key: impl Into<KeyOf<N>>,
    known: &IfNoneMatch,
) -> Answered {
    let row = crud::get::<N>(&app.repository, caller, key.into()).await?;
    Ok(answer::resource(known, row.version(), &row))
}

/// As [`get`], for resources with a history: `as_of` returns a past state.
pub(super) async fn get_then<N: Resource>(
    caller: &Caller,
    app: &App,
    key: impl Into<KeyOf<N>>,
    mut query: Parameters,
    known: &IfNoneMatch,
) -> Answered {
    let Some(at) = query.take::<Timestamp>("as_of", INSTANT)? else {
        return get::<N>(caller, app, key, known).await;
    };
    Ok(past(known, &Past::<N>::of(&app.repository, caller, key.into()).await?.at(at).await?))
}

/// The response with a past state of a row.
pub(super) fn past(known: &IfNoneMatch, row: &Value) -> HttpResponse {
    let version = row.get("version").and_then(Value::as_i64).unwrap_or_default();
    answer::resource(known, version, row)
}

pub(super) async fn changes<N: Resource>(
    caller: &Caller,
    app: &App,
    key: impl Into<KeyOf<N>>,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    history_page(app, query, request, &Past::<N>::of(&app.repository, caller, key.into()).await?).await
}

/// The response with a page of the history of a row.
pub(super) async fn history_page<N: Resource>(
    app: &App,
    query: &Parameters,
    request: &HttpRequest,
    past: &Past<N>,
) -> Answered {
    answer::list(app, request, past.changes(&app.repository, &query.0).await?)
}

pub(super) async fn create<N: Editable>(
    caller: &Caller,
    app: &App,
    collection: impl Into<CollectionOf<N>>,
    body: Body<N::Input>,
) -> Answered {
    let key = caller.key(&app.repository, &body.bytes);
    let create = app.repository.write_once(
        caller,
        key,
        (collection.into(), body.input),
        |tx, (collection, input)| Box::pin(crud::create::<N>(tx, *collection, input)),
        |row| answer::created(&N::Parent::collection_path(row), row.id(), row.version(), row),
    );
    Ok(answer::kept(create.await?))
}

/// Changes a row. `bytes` is the body of the request, for its idempotency key.
pub(super) async fn change<N: Resource, I: Send + Sync + 'static>(
    caller: &Caller,
    app: &App,
    bytes: &[u8],
    input: I,
    operation: Operation<I, N>,
) -> Answered {
    let key = caller.key(&app.repository, bytes);
    let row = |row: &N| answer::changed(row.version(), row);
    Ok(answer::kept(app.repository.write_once(caller, key, input, operation, row).await?))
}

/// A bulk request of a resource that prepares nothing before the transaction.
pub(super) async fn bulk<N: Bulk<Ready = ()>>(
    caller: &Caller,
    app: &App,
    request: &HttpRequest,
    body: Body<BulkInput>,
) -> Answered {
    let key = caller.key(&app.repository, &body.bytes);
    let caller = charge(request, caller, body.input.operations())?;
    bulk_with::<N>(&caller, app, key, body, Vec::new()).await
}

/// A bulk request with what was prepared for it before the transaction.
pub(super) async fn bulk_with<N: Bulk>(
    caller: &Charged,
    app: &App,
    key: Option<Key>,
    body: Body<BulkInput>,
    ready: Vec<(usize, N::Ready)>,
) -> Answered
where
    N::Ready: Send + 'static,
{
    let change = app.repository.write_once(
        caller,
        key,
        (body.input, ready),
        |tx, (input, ready)| Box::pin(run::<N>(tx, input, ready)),
        |result: &BulkResult<N>| answer::ok(result),
    );
    Ok(answer::kept(change.await?))
}

/// A change whose response has no content. `bytes` is the body of the request, for its idempotency
/// key.
pub(super) async fn finish<I: Send + Sync + 'static>(
    caller: &Caller,
    app: &App,
    bytes: &[u8],
    input: I,
    operation: Operation<I, ()>,
) -> Answered {
    let key = caller.key(&app.repository, bytes);
    let finish = app.repository.write_once(caller, key, input, operation, |()| Ok(answer::nothing()));
    Ok(answer::kept(finish.await?))
}

/// `PUT` and `PATCH`: the body knows which of them it is.
pub(super) async fn update<N: Editable>(
    caller: &Caller,
    app: &App,
    key: impl Into<KeyOf<N>>,
    pre: IfMatch,
    body: Body<N::Input>,
) -> Answered {
    let input = (key.into(), body.input, pre.0);
    change(caller, app, &body.bytes, input, |tx, (key, body, pre)| {
        Box::pin(crud::update::<N>(tx, *key, body, pre))
    })
    .await
}

pub(super) async fn remove<N: Resource>(
    caller: &Caller,
    app: &App,
    key: impl Into<KeyOf<N>>,
    pre: IfMatch,
) -> Answered {
    let input = (key.into(), pre.0);
    finish(caller, app, b"", input, |tx, (key, pre)| Box::pin(crud::remove::<N>(tx, *key, pre))).await
}
