//! What the endpoints of all nouns share: a handler names its noun, its path and its words for the document, and this does the rest.

use actix_web::{HttpRequest, HttpResponse};
use taskhub_domain::{
    edit::{self, Editable},
    store::Noun,
};

use super::App;
use crate::{
    answer::{self, Answered},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Once, Parameters},
};

pub(super) async fn list<N: Noun>(
    caller: &Caller,
    app: &App,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    answer::list(app, request, edit::list::<N>(&app.store, caller, &query.0).await?)
}

pub(super) async fn get<N: Noun>(caller: &Caller, app: &App, id: Id, known: &IfNoneMatch) -> Answered {
    let row = edit::get::<N>(&app.store, caller, id.0).await?;
    Ok(answer::resource(known, row.version(), &row))
}

pub(super) async fn create<N: Editable>(
    caller: &Caller,
    app: &App,
    once: &Once,
    body: Body<N::Input>,
) -> Answered {
    let key = once.key(&app.store, caller, &body.octets);
    let create = app.store.write_once(
        caller,
        key,
        body.input,
        |tx, input| Box::pin(edit::create::<N>(tx, input)),
        |row| answer::created(N::NOUN.scope(), row.id(), row.version(), row),
    );
    Ok(answer::kept(create.await?))
}

/// `PUT` and `PATCH`: the body knows which it is.
pub(super) async fn update<N: Editable>(
    caller: &Caller,
    app: &App,
    id: Id,
    pre: IfMatch,
    body: Body<N::Input>,
) -> Answered {
    let input = (id.0, body.input, pre.0);
    let update =
        app.store.write(caller, input, |tx, (id, body, pre)| Box::pin(edit::update::<N>(tx, *id, body, pre)));
    let row = update.await?;
    Ok(answer::changed(row.version(), &row))
}

pub(super) async fn remove<N: Noun>(caller: &Caller, app: &App, id: Id, pre: IfMatch) -> Answered {
    app.store.write(caller, (id.0, pre.0), |tx, (id, pre)| Box::pin(edit::remove::<N>(tx, *id, pre))).await?;
    Ok(HttpResponse::NoContent().finish())
}
