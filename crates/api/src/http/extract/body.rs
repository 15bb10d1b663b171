//! JSON and form bodies: limited while they arrive, and well-formed.
//!
//! Invariant: a body is not validated here. A handler gets [`Unchecked`] input, which the operation
//! checks after it has authorised the caller.

use std::{future::Future, marker::PhantomData, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header,
    web::{Bytes, BytesMut, Data},
};
use futures::StreamExt;
use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, error::Category};
use taskhub_domain::input::Unchecked;

use super::{media_type::served, pairs, unambiguous::Unambiguous};
use crate::{
    http::problem::{Code, Problem},
    state::State,
};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const FORM: &str = "application/x-www-form-urlencoded";
/// The longest time that a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

pub(super) type Reading<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// A JSON body.
pub struct Body<T> {
    /// The input, for the operation to check.
    pub input: Unchecked<T>,
    /// The bytes of the body.
    pub octets: Bytes,
}

impl<T: DeserializeOwned + Validate<Context = ()> + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let patch = request.method() == actix_web::http::Method::PATCH;
        let kind = served(request, if patch { &[JSON, MERGE_PATCH] } else { &[JSON] });
        let reading = read(request, payload, limit(request));
        Box::pin(async move {
            kind?;
            let octets = reading.await?;
            let input = match parse(&octets) {
                Ok(body) if patch => Unchecked::patch(body),
                Ok(body) => Unchecked::new(body),
                // The operation reports this after it has authorised the caller.
                Err(detail) => Unchecked::malformed(detail),
            };
            Ok(Self { input, octets })
        })
    }
}

/// A body that is JSON or a form (OAuth 2 clients send forms, RFC 6749 section 4).
pub struct FormOrJson<T> {
    /// The input, for the operation to check.
    pub input: Unchecked<T>,
    marker: PhantomData<T>,
}

impl<T: DeserializeOwned + Validate<Context = ()> + 'static> FromRequest for FormOrJson<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = served(request, &[JSON, FORM]);
        let reading = read(request, payload, limit(request));
        Box::pin(async move {
            let is_form = kind? == FORM;
            let octets = reading.await?;
            let value = if is_form { form(&octets)? } else { json(&octets)? };
            Ok(Self { input: Unchecked::new(value), marker: PhantomData })
        })
    }
}

fn form(octets: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(octets).map_err(|_| Problem::from(Code::MalformedBody))?;
    let mut fields = Map::new();
    for (name, value) in pairs(text) {
        if fields.insert(name, value.into()).is_some() {
            return Err(Problem::new(Code::MalformedBody, "The form contains a field twice."));
        }
    }
    Ok(fields.into())
}

fn json(octets: &[u8]) -> Result<Value, Problem> {
    parse(octets).map_err(|detail| Problem::new(Code::MalformedBody, detail))
}

/// Parses JSON, or says why it cannot be parsed.
fn parse(octets: &[u8]) -> Result<Value, String> {
    let read = serde_json::from_slice(octets).map(|Unambiguous(value)| value);
    read.map_err(|error| {
        // Errors of this category are the messages of `Unambiguous`.
        if error.classify() == Category::Data {
            return format!("The body is not valid JSON: {error}.");
        }
        let (line, column) = (error.line(), error.column());
        format!("The body is not valid JSON: error at line {line}, column {column}.")
    })
}

/// The greatest size of a JSON or form body, in bytes.
fn limit(request: &HttpRequest) -> usize {
    request.app_data::<Data<State>>().map_or(0, |state| state.settings.body_limit as usize)
}

/// Reads a body, and stops when it exceeds the limit.
pub(super) fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let notifies_nodes =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let mut payload = payload.take();
    async move {
        if notifies_nodes.is_some_and(|length: usize| length > limit) {
            return Err(Code::PayloadTooLarge.into());
        }
        let arrive = async {
            let mut octets = BytesMut::with_capacity(notifies_nodes.unwrap_or_default());
            while let Some(chunk) = payload.next().await {
                let chunk = chunk?;
                if octets.len() + chunk.len() > limit {
                    return Err(Code::PayloadTooLarge.into());
                }
                octets.extend_from_slice(&chunk);
            }
            Ok(octets.freeze())
        };
        tokio::time::timeout(ARRIVAL, arrive).await.map_err(|_| Problem::from(Code::RequestTimeout))?
    }
}
