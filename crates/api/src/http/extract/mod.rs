//! Extractors: what handlers take from a request, such as the caller, ids, the body and the query.
//!
//! Invariant: a handler that touches a tenant's data takes a [`Caller`], and there is no context
//! without one. The caller is known before any byte of the body is read.
//!
//! Extractors decide no right, and do not validate a body: the operation does both.

mod basic;
mod body;
mod condition;
mod media_type;
mod once;
mod raw_body;
mod source;
mod unambiguous;
mod upload;

use std::{future::Ready, future::ready, ops::Deref, str::FromStr};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Data};
use taskhub_domain::{
    Context, Error, Repository,
    context::Request,
    idempotency::Key,
    input,
    list::{self, Query},
};
use uuid::Uuid;

pub(crate) use self::once::Once;
pub use self::{
    basic::Basic,
    body::{Body, FormOrJson},
    condition::{IfMatch, IfNoneMatch},
    media_type::ANY,
    raw_body::{RawBody, Takes},
    upload::{FORM, Upload},
};
use crate::{
    http::problem::{Code, Problem},
    state::State,
};

/// The context of the verified caller, with the idempotency key of the request, if it has one.
#[derive(Clone)]
pub struct Caller {
    context: Context,
    once: Option<Once>,
}

impl Caller {
    /// The idempotency key, bound to this body.
    pub fn key(&self, repository: &Repository, body: &[u8]) -> Option<Key> {
        self.once.as_ref().map(|once| once.key(repository, &self.context, body))
    }
}

impl Deref for Caller {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

/// The result of authentication in the middleware: a context, or why there is none.
pub(crate) struct Authenticated(pub(crate) Result<Context, taskhub_domain::error::Kind>);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = match request.extensions().get::<Authenticated>() {
            // The middleware has already rejected an invalid key.
            Some(Authenticated(Ok(context))) => {
                Ok(Self { context: context.clone(), once: Once::of(request).unwrap_or_default() })
            }
            Some(Authenticated(Err(kind))) => Err((*kind).into()),
            None => Err(Code::Unauthenticated.into()),
        };
        ready(caller)
    }
}

/// The request as the audit log records it: its id and address.
#[derive(Clone, Default)]
pub struct Origin(pub Request);

impl FromRequest for Origin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Self>().cloned().unwrap_or_default()))
    }
}

/// The problem for a path segment that is no id: such a path does not exist.
fn no_such_path() -> Problem {
    Problem::new(Code::NotFound, "There is no such path. An id in a path is a UUID with hyphens.")
}

/// The id in the path.
pub struct Id(pub Uuid);

impl From<Id> for Uuid {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = input::id(request.match_info().query("id"));
        ready(id.map(Self).ok_or_else(no_such_path))
    }
}

/// The two ids in the path of a child resource: of its parent, and its own.
pub struct Within(pub Uuid, pub Uuid);

impl From<Within> for (Uuid, Uuid) {
    fn from(ids: Within) -> Self {
        (ids.0, ids.1)
    }
}

impl FromRequest for Within {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut ids = request.match_info().iter().map(|(_, id)| input::id(id));
        let both = ids.next().flatten().zip(ids.next().flatten());
        ready(both.map(|(parent, own)| Self(parent, own)).ok_or_else(no_such_path))
    }
}

/// The query parameters.
pub struct Parameters(pub Query);

impl Parameters {
    /// Removes and returns a parameter that is not a filter, if it was sent.
    ///
    /// # Errors
    /// `InvalidParameter` when it was sent twice or has a wrong type.
    pub fn take<T: FromStr>(&mut self, name: &str, expected: &str) -> Result<Option<T>, Error> {
        let value = self.0.take_any(name)?.map(|value| value.parse());
        value.transpose().map_err(|_| Error::parameter(name, format!("Must be {expected}.")))
    }

    /// As [`Self::take`], for an id.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn take_id(&mut self, name: &str, expected: &str) -> Result<Option<Uuid>, Error> {
        let wrong = || Error::parameter(name, format!("Must be {expected}."));
        self.0.take_any(name)?.map(|value| input::id(&value).ok_or_else(wrong)).transpose()
    }
}

impl FromRequest for Parameters {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let settings = request.app_data::<Data<State>>().map(|state| &state.settings);
        let page_size = settings.map_or(list::PAGE_SIZE, |settings| settings.page_size.into());
        ready(Ok(Self(Query(pairs(request.query_string()), page_size))))
    }
}

/// The decoded pairs of a query string.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
