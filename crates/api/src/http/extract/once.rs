//! The header `Idempotency-Key` (IETF draft of the same name).
//!
//! [`super::Caller`] carries the key to every operation that writes. Operations that store no
//! response reject the header; the middleware knows them from the OpenAPI document.

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{self, HeaderName, HeaderValue},
    },
};
use taskhub_domain::{Context, Repository, idempotency::Key};

use crate::http::problem::{Code, Problem};

/// The name of the header.
const NAME: HeaderName = HeaderName::from_static("idempotency-key");
/// The most characters of a key.
const LONGEST: usize = 255;

/// The key of a request, with the parts of the request other than its body that it is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    key: String,
    operation: String,
    query: String,
    preconditions: Vec<u8>,
}

impl Once {
    /// Rejects an invalid key, and every key of an operation that stores no response.
    pub(crate) fn check(request: &HttpRequest, is_kept: bool) -> Result<(), Problem> {
        match Self::of(request)? {
            Some(_) if !is_kept => {
                Err(Problem::new(Code::InvalidHeader, "Idempotency-Key: this operation does not accept it."))
            }
            _ => Ok(()),
        }
    }

    /// The key of a request, if it has one.
    pub(super) fn of(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        if request.method() == Method::GET {
            return Ok(None);
        }
        let mut values = request.headers().get_all(NAME);
        let Some(value) = values.next() else { return Ok(None) };
        let key = value.to_str().ok().filter(|key| is_key(key)).filter(|_| values.next().is_none());
        let Some(key) = key.map(str::to_owned) else {
            let expected =
                format!("Idempotency-Key: must be 1 to {LONGEST} visible ASCII characters, sent once.");
            return Err(Problem::new(Code::InvalidHeader, expected));
        };
        let conditions = [header::IF_MATCH, header::IF_NONE_MATCH];
        let preconditions = conditions.iter().flat_map(|name| request.headers().get_all(name));
        Ok(Some(Self {
            key,
            operation: format!("{} {}", request.method(), request.path().trim_end_matches('/')),
            query: request.query_string().to_owned(),
            preconditions: preconditions.map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b"\n"[..]),
        }))
    }

    /// The key, bound to the caller, the operation and the request.
    pub(super) fn key(&self, repository: &Repository, ctx: &Context, body: &[u8]) -> Key {
        let request = [body, self.query.as_bytes(), &self.preconditions];
        repository.idempotency_key(ctx, &self.operation, &self.key, &request)
    }
}

fn is_key(key: &str) -> bool {
    (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}
