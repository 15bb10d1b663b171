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
    Instant,
    audit::Past,
    bulk::{Bulk, BulkInput, BulkResult, run},
    crud::{self, Child, Editable, EditableChild},
    idempotency::Key,
    repository::{Operation, Resource},
};

use super::App;
use crate::http::{
    answer::{self, Answered},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Parameters, Within},
    middleware::limits::{Charged, charge},
};

/// What an error says that `as_of` must be.
pub(super) const INSTANT: &str = "a timestamp (RFC 3339), like 2026-01-31T12:00:00Z";

pub(super) async fn list<N: Resource>(
    caller: &Caller,
    app: &App,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    answer::list(app, request, crud::list::<N>(&app.repository, caller, &query.0).await?)
}

pub(super) async fn get<N: Resource>(caller: &Caller, app: &App, id: Id, known: &IfNoneMatch) -> Answered {
    let row = crud::get::<N>(&app.repository, caller, id.0).await?;
    Ok(answer::resource(known, row.version(), &row))
}

/// As [`get`], for resources with a history: `as_of` returns a past state.
pub(super) async fn get_then<N: Resource>(
    caller: &Caller,
    app: &App,
    id: Id,
    mut query: Parameters,
    known: &IfNoneMatch,
) -> Answered {
    let Some(at) = query.take::<Instant>("as_of", INSTANT)? else {
        return get::<N>(caller, app, id, known).await;
    };
    Ok(past(known, &Past::<N>::of(&app.repository, caller, id.0).await?.at(at).await?))
}

/// The response with a past state of a row.
pub(super) fn past(known: &IfNoneMatch, row: &Value) -> HttpResponse {
    let version = row.get("version").and_then(Value::as_i64).unwrap_or_default();
    answer::resource(known, version, row)
}

pub(super) async fn changes<N: Resource>(
    caller: &Caller,
    app: &App,
    id: Id,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    told(app, query, request, &Past::<N>::of(&app.repository, caller, id.0).await?).await
}

/// The response with a page of the history of a row.
pub(super) async fn told<N: Resource>(
    app: &App,
    query: &Parameters,
    request: &HttpRequest,
    past: &Past<N>,
) -> Answered {
    answer::list(app, request, past.changes(&app.repository, &query.0).await?)
}

pub(super) async fn changes_within<N: Child>(
    caller: &Caller,
    app: &App,
    Within(parent, id): Within,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    told(app, query, request, &Past::<N>::inside(&app.repository, caller, (parent, id)).await?).await
}

pub(super) async fn create<N: Editable>(caller: &Caller, app: &App, body: Body<N::Input>) -> Answered {
    let key = caller.key(&app.repository, &body.octets);
    let create = app.repository.write_once(
        caller,
        key,
        body.input,
        |tx, input| Box::pin(crud::create::<N>(tx, input)),
        |row| answer::created(N::TYPE.scope(), row.id(), row.version(), row),
    );
    Ok(answer::kept(create.await?))
}

/// Changes a row. `octets` is the body of the request, for its idempotency key.
pub(super) async fn change<N: Resource, I: Send + Sync + 'static>(
    caller: &Caller,
    app: &App,
    octets: &[u8],
    input: I,
    operation: Operation<I, N>,
) -> Answered {
    let key = caller.key(&app.repository, octets);
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
    let key = caller.key(&app.repository, &body.octets);
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
        |result: &BulkResult<N>| answer::told(result),
    );
    Ok(answer::kept(change.await?))
}

/// A change whose response has no content. `octets` is the body of the request, for its idempotency
/// key.
pub(super) async fn finish<I: Send + Sync + 'static>(
    caller: &Caller,
    app: &App,
    octets: &[u8],
    input: I,
    operation: Operation<I, ()>,
) -> Answered {
    let key = caller.key(&app.repository, octets);
    let finish = app.repository.write_once(caller, key, input, operation, |()| Ok(answer::nothing()));
    Ok(answer::kept(finish.await?))
}

/// `PUT` and `PATCH`: the body knows which of them it is.
pub(super) async fn update<N: Editable>(
    caller: &Caller,
    app: &App,
    id: Id,
    pre: IfMatch,
    body: Body<N::Input>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    change(caller, app, &body.octets, input, |tx, (id, body, pre)| {
        Box::pin(crud::update::<N>(tx, *id, body, pre))
    })
    .await
}

pub(super) async fn remove<N: Resource>(caller: &Caller, app: &App, id: Id, pre: IfMatch) -> Answered {
    finish(caller, app, b"", (id.0, pre.0), |tx, (id, pre)| Box::pin(crud::remove::<N>(tx, *id, pre))).await
}

pub(super) async fn list_within<N: Child>(
    caller: &Caller,
    app: &App,
    parent: Id,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    answer::list(app, request, crud::list_within::<N>(&app.repository, caller, parent.0, &query.0).await?)
}

pub(super) async fn get_within<N: Child>(
    caller: &Caller,
    app: &App,
    Within(parent, id): Within,
    known: &IfNoneMatch,
) -> Answered {
    let row = crud::get_within::<N>(&app.repository, caller, (parent, id)).await?;
    Ok(answer::resource(known, row.version(), &row))
}

/// As [`get_within`], for resources with a history: `as_of` returns a past state.
pub(super) async fn get_within_then<N: Child>(
    caller: &Caller,
    app: &App,
    ids: Within,
    mut query: Parameters,
    known: &IfNoneMatch,
) -> Answered {
    let Some(at) = query.take::<Instant>("as_of", INSTANT)? else {
        return get_within::<N>(caller, app, ids, known).await;
    };
    Ok(past(known, &Past::<N>::inside(&app.repository, caller, (ids.0, ids.1)).await?.at(at).await?))
}

pub(super) async fn create_within<N: EditableChild>(
    caller: &Caller,
    app: &App,
    parent: Id,
    body: Body<N::Input>,
) -> Answered {
    let key = caller.key(&app.repository, &body.octets);
    let create = app.repository.write_once(
        caller,
        key,
        (parent.0, body.input),
        |tx, (parent, input)| Box::pin(crud::create_within::<N>(tx, *parent, input)),
        |row: &N| {
            let collection = format!("{}/{}/{}", N::Parent::TYPE.scope(), row.parent(), N::COLLECTION);
            answer::created(&collection, row.id(), row.version(), row)
        },
    );
    Ok(answer::kept(create.await?))
}

/// `PUT` and `PATCH`: the body knows which of them it is.
pub(super) async fn update_within<N: EditableChild>(
    caller: &Caller,
    app: &App,
    Within(parent, id): Within,
    pre: IfMatch,
    body: Body<N::Input>,
) -> Answered {
    let input = ((parent, id), body.input, pre.0);
    change(caller, app, &body.octets, input, |tx, (ids, body, pre)| {
        Box::pin(crud::update_within::<N>(tx, *ids, body, pre))
    })
    .await
}

pub(super) async fn remove_within<N: Child>(
    caller: &Caller,
    app: &App,
    Within(parent, id): Within,
    pre: IfMatch,
) -> Answered {
    let input = ((parent, id), pre.0);
    finish(caller, app, b"", input, |tx, (ids, pre)| Box::pin(crud::remove_within::<N>(tx, *ids, pre))).await
}
