//! Bodies: bounded while they are read, well-formed, and not judged yet.

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
use serde_json::{Map, Value};
use taskhub_domain::input::Unchecked;

use super::{pairs, unambiguous::Unambiguous};
use crate::{
    problem::{Code, Problem},
    state::State,
};

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

pub(super) type Reading<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// A JSON body.
pub struct Body<T> {
    /// What it says, for the operation to check.
    pub input: Unchecked<T>,
    /// Its octets.
    pub octets: Bytes,
}

impl<T: DeserializeOwned + Validate<Context = ()> + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let patch = request.method() == actix_web::http::Method::PATCH;
        let kind = content_type(request);
        let encoded = is_encoded(request);
        let served = kind == "application/json" || (patch && kind == "application/merge-patch+json");
        let reading = read(request, payload, limit(request));
        Box::pin(async move {
            if !served || encoded {
                return Err(Code::UnsupportedMediaType.into());
            }
            let octets = reading.await?;
            let body = json(&octets)?;
            Ok(Self { input: if patch { Unchecked::patch(body) } else { Unchecked::new(body) }, octets })
        })
    }
}

/// A body that is JSON or a form (OAuth 2 clients send forms, RFC 6749 section 4).
pub struct FormOrJson<T> {
    /// What it says, for the operation to check.
    pub input: Unchecked<T>,
    marker: PhantomData<T>,
}

impl<T: DeserializeOwned + Validate<Context = ()> + 'static> FromRequest for FormOrJson<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = if is_encoded(request) { String::new() } else { content_type(request) };
        let reading = read(request, payload, limit(request));
        Box::pin(async move {
            let value = match kind.as_str() {
                "application/json" => json(&reading.await?)?,
                "application/x-www-form-urlencoded" => {
                    let octets = reading.await?;
                    let text =
                        std::str::from_utf8(&octets).map_err(|_| Problem::from(Code::MalformedBody))?;
                    let mut fields = Map::new();
                    for (name, value) in pairs(text) {
                        if fields.insert(name, value.into()).is_some() {
                            return Err(Problem::new(
                                Code::MalformedBody,
                                "A field stands in the form twice.",
                            ));
                        }
                    }
                    fields.into()
                }
                _ => return Err(Code::UnsupportedMediaType.into()),
            };
            Ok(Self { input: Unchecked::new(value), marker: PhantomData })
        })
    }
}

fn json(octets: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(octets)
        .map(|Unambiguous(value)| value)
        .map_err(|error| Problem::new(Code::MalformedBody, format!("The body is not valid JSON: {error}.")))
}

/// Whether the body is compressed, which no body may be: it is counted as it arrives.
pub(super) fn is_encoded(request: &HttpRequest) -> bool {
    request.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity")
}

/// The media type, without its parameters.
pub(super) fn content_type(request: &HttpRequest) -> String {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}

/// The most octets of a body that is text.
fn limit(request: &HttpRequest) -> usize {
    request.app_data::<Data<State>>().map_or(0, |state| state.settings.body_limit as usize)
}

/// Reads a body, counting while it arrives.
pub(super) fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let mut payload = payload.take();
    async move {
        if announced.is_some_and(|length: usize| length > limit) {
            return Err(Code::PayloadTooLarge.into());
        }
        let arrive = async {
            let mut octets = BytesMut::with_capacity(announced.unwrap_or_default());
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
