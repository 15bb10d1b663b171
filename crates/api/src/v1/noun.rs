//! What the endpoints of all nouns share: a handler names its noun, its path and its words for the document, and this does the rest.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use taskhub_domain::{
    Instant,
    audit::Past,
    bulk::{Bulk, BulkInput, BulkResult, run},
    edit::{self, Child, Editable, EditableChild},
    store::{Noun, Operation},
};

use super::App;
use crate::{
    answer::{self, Answered},
    extract::{Body, Caller, Id, IfMatch, IfNoneMatch, Once, Parameters, Within},
};

/// What `as_of` is.
pub(super) const INSTANT: &str = "an instant as in RFC 3339";

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

/// As [`get`], for nouns whose rows are also shown as they were.
pub(super) async fn get_then<N: Noun>(
    caller: &Caller,
    app: &App,
    id: Id,
    mut query: Parameters,
    known: &IfNoneMatch,
) -> Answered {
    let Some(at) = query.take::<Instant>("as_of", INSTANT)? else {
        return get::<N>(caller, app, id, known).await;
    };
    Ok(past(known, &Past::<N>::of(&app.store, caller, id.0).await?.at(at).await?))
}

/// A row as it was.
pub(super) fn past(known: &IfNoneMatch, row: &Value) -> HttpResponse {
    let version = row.get("version").and_then(Value::as_i64).unwrap_or_default();
    answer::resource(known, version, row)
}

pub(super) async fn changes<N: Noun>(
    caller: &Caller,
    app: &App,
    id: Id,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    told(app, query, request, &Past::<N>::of(&app.store, caller, id.0).await?).await
}

/// What happened to a row.
pub(super) async fn told<N: Noun>(
    app: &App,
    query: &Parameters,
    request: &HttpRequest,
    past: &Past<N>,
) -> Answered {
    answer::list(app, request, past.changes(&app.store, &query.0).await?)
}

pub(super) async fn changes_within<N: Child>(
    caller: &Caller,
    app: &App,
    Within(parent, id): Within,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    told(app, query, request, &Past::<N>::inside(&app.store, caller, (parent, id)).await?).await
}

/// The endpoint of what happened to a noun's rows, with its name; `at` its path, and `by` what the path calls a row's own id, where the rows lie in
/// others. The module that uses it imports actix's `get`.
macro_rules! history {
    ($noun:ident, tagged $tag:literal; $(#[$doc:meta])* $name:ident;) => {
        $(#[$doc])*
        ///
        /// Who did what when, for those who see it. The newest comes first.
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), responses((status = 200, description = "A page of changes.", body = crate::answer::List<taskhub_domain::audit::ChangeLine>)))]
        #[get("/{id}/history")]
        pub(crate) async fn $name(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            query: crate::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::answer::Answered {
            crate::v1::noun::changes::<$noun>(&caller, &app, id, &query, &request).await
        }
    };
    ($noun:ident, tagged $tag:literal, at $path:literal, by $id:literal; $(#[$doc:meta])* $name:ident;) => {
        $(#[$doc])*
        ///
        /// Who did what when, for those who see it. The newest comes first.
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "The id of what it lies in."), ($id = uuid::Uuid, Path, description = "Its own id.")), responses((status = 200, description = "A page of changes.", body = crate::answer::List<taskhub_domain::audit::ChangeLine>)))]
        #[get($path)]
        pub(crate) async fn $name(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            ids: crate::extract::Within,
            query: crate::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::answer::Answered {
            crate::v1::noun::changes_within::<$noun>(&caller, &app, ids, &query, &request).await
        }
    };
}
pub(super) use history;

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

/// A `POST` that does something to a row: `octets` are what tells one request from another beside its path.
pub(super) async fn act<N: Noun, I: Send + Sync + 'static>(
    caller: &Caller,
    app: &App,
    once: &Once,
    octets: &[u8],
    input: I,
    operation: Operation<I, N>,
) -> Answered {
    let key = once.key(&app.store, caller, octets);
    let row = |row: &N| answer::acted(row.version(), row);
    Ok(answer::kept(app.store.write_once(caller, key, input, operation, row).await?))
}

/// Many changes at once, where nothing is got ready before them.
pub(super) async fn bulk<N: Bulk<Ready = ()>>(
    caller: &Caller,
    app: &App,
    once: &Once,
    body: Body<BulkInput>,
) -> Answered {
    bulk_with::<N>(caller, app, once, body, Vec::new()).await
}

/// Many changes at once, with what was got ready for them.
pub(super) async fn bulk_with<N: Bulk>(
    caller: &Caller,
    app: &App,
    once: &Once,
    body: Body<BulkInput>,
    ready: Vec<(usize, N::Ready)>,
) -> Answered
where
    N::Ready: Send + 'static,
{
    let key = once.key(&app.store, caller, &body.octets);
    let change = app.store.write_once(
        caller,
        key,
        (body.input, ready),
        |tx, (input, ready)| Box::pin(run::<N>(tx, input, ready)),
        |result: &BulkResult<N>| answer::told(result),
    );
    Ok(answer::kept(change.await?))
}

/// A `PUT` or `PATCH` that does something to a row.
pub(super) async fn change<N: Noun, I: Send + Sync + 'static>(
    caller: &Caller,
    app: &App,
    input: I,
    operation: Operation<I, N>,
) -> Answered {
    let row = app.store.write(caller, input, operation).await?;
    Ok(answer::changed(row.version(), &row))
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
    change(caller, app, input, |tx, (id, body, pre)| Box::pin(edit::update::<N>(tx, *id, body, pre))).await
}

pub(super) async fn remove<N: Noun>(caller: &Caller, app: &App, id: Id, pre: IfMatch) -> Answered {
    app.store.write(caller, (id.0, pre.0), |tx, (id, pre)| Box::pin(edit::remove::<N>(tx, *id, pre))).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn list_within<N: Child>(
    caller: &Caller,
    app: &App,
    parent: Id,
    query: &Parameters,
    request: &HttpRequest,
) -> Answered {
    answer::list(app, request, edit::list_within::<N>(&app.store, caller, parent.0, &query.0).await?)
}

pub(super) async fn get_within<N: Child>(
    caller: &Caller,
    app: &App,
    Within(parent, id): Within,
    known: &IfNoneMatch,
) -> Answered {
    let row = edit::get_within::<N>(&app.store, caller, (parent, id)).await?;
    Ok(answer::resource(known, row.version(), &row))
}

/// As [`get_within`], for nouns whose rows are also shown as they were.
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
    Ok(past(known, &Past::<N>::inside(&app.store, caller, (ids.0, ids.1)).await?.at(at).await?))
}

pub(super) async fn create_within<N: EditableChild>(
    caller: &Caller,
    app: &App,
    parent: Id,
    once: &Once,
    body: Body<N::Input>,
) -> Answered {
    let key = once.key(&app.store, caller, &body.octets);
    let create = app.store.write_once(
        caller,
        key,
        (parent.0, body.input),
        |tx, (parent, input)| Box::pin(edit::create_within::<N>(tx, *parent, input)),
        |row: &N| {
            let collection = format!("{}/{}/{}", N::Parent::NOUN.scope(), row.parent(), N::COLLECTION);
            answer::created(&collection, row.id(), row.version(), row)
        },
    );
    Ok(answer::kept(create.await?))
}

/// `PUT` and `PATCH`: the body knows which it is.
pub(super) async fn update_within<N: EditableChild>(
    caller: &Caller,
    app: &App,
    Within(parent, id): Within,
    pre: IfMatch,
    body: Body<N::Input>,
) -> Answered {
    let input = ((parent, id), body.input, pre.0);
    change(caller, app, input, |tx, (ids, body, pre)| Box::pin(edit::update_within::<N>(tx, *ids, body, pre)))
        .await
}

pub(super) async fn remove_within<N: Child>(
    caller: &Caller,
    app: &App,
    Within(parent, id): Within,
    pre: IfMatch,
) -> Answered {
    let input = ((parent, id), pre.0);
    app.store
        .write(caller, input, |tx, (ids, pre)| Box::pin(edit::remove_within::<N>(tx, *ids, pre)))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The seven endpoints of a noun: each with its name, which is the `operationId`, and its words for the document; and `routes`, which serves them.
/// It brings actix's `delete`, `get`, `patch`, `post` and `put` into the module, because utoipa knows them by these names alone.
macro_rules! endpoints {
    (
        $noun:ident by $input:ident, tagged $tag:literal;
        $(#[$list_doc:meta])* $list:ident;
        $(#[$create_doc:meta])* $create:ident;
        $(#[$get_doc:meta])* $get:ident;
        $(#[$replace_doc:meta])* $replace:ident;
        $(#[$update_doc:meta])* $update:ident;
        $(#[$delete_doc:meta])* $delete:ident;
        $(#[$history_doc:meta])* $history:ident;
    ) => {
        use actix_web::{delete, get, patch, post, put};

        /// Serves the endpoints.
        pub(crate) fn routes(routes: &mut utoipa_actix_web::service_config::ServiceConfig) {
            routes
                .service($list)
                .service($create)
                .service($get)
                .service($replace)
                .service($update)
                .service($delete)
                .service($history);
        }

        $(#[$list_doc])*
        #[utoipa::path(tag = $tag, responses((status = 200, description = "A page of them.", body = crate::answer::List<$noun>)))]
        #[get("")]
        pub(crate) async fn $list(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            query: crate::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::answer::Answered {
            crate::v1::noun::list::<$noun>(&caller, &app, &query, &request).await
        }

        $(#[$create_doc])*
        #[utoipa::path(tag = $tag, request_body = $input, responses((status = 201, description = "What was made.", body = $noun)))]
        #[post("")]
        pub(crate) async fn $create(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            once: crate::extract::Once,
            body: crate::extract::Body<$input>,
        ) -> crate::answer::Answered {
            crate::v1::noun::create::<$noun>(&caller, &app, &once, body).await
        }

        $(#[$get_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), responses((status = 200, description = "As it is.", body = $noun)))]
        #[get("/{id}")]
        pub(crate) async fn $get(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            query: crate::extract::Parameters,
            known: crate::extract::IfNoneMatch,
        ) -> crate::answer::Answered {
            crate::v1::noun::get_then::<$noun>(&caller, &app, id, query, &known).await
        }

        $(#[$replace_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), request_body = $input, responses((status = 200, description = "As it is now.", body = $noun)))]
        #[put("/{id}")]
        pub(crate) async fn $replace(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            pre: crate::extract::IfMatch,
            body: crate::extract::Body<$input>,
        ) -> crate::answer::Answered {
            crate::v1::noun::update::<$noun>(&caller, &app, id, pre, body).await
        }

        $(#[$update_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), request_body = $input, responses((status = 200, description = "As it is now.", body = $noun)))]
        #[patch("/{id}")]
        pub(crate) async fn $update(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            pre: crate::extract::IfMatch,
            body: crate::extract::Body<$input>,
        ) -> crate::answer::Answered {
            crate::v1::noun::update::<$noun>(&caller, &app, id, pre, body).await
        }

        $(#[$delete_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), responses((status = 204, description = "It is gone.")))]
        #[delete("/{id}")]
        pub(crate) async fn $delete(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            pre: crate::extract::IfMatch,
        ) -> crate::answer::Answered {
            crate::v1::noun::remove::<$noun>(&caller, &app, id, pre).await
        }

        crate::v1::noun::history! {
            $noun, tagged $tag;
            $(#[$history_doc])* $history;
        }
    };
}
pub(super) use endpoints;
