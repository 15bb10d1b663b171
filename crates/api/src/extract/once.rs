//! `Idempotency-Key` (IETF draft of the same name).

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use taskhub_domain::{Context, Store, idempotency::Key};

use crate::problem::{Code, Problem};

/// The most characters of a key.
const LONGEST: usize = 255;

/// The client's key for this request, if it sent one.
pub struct Once {
    key: Option<String>,
    operation: String,
}

impl Once {
    /// The key, bound to the caller, the operation and the body.
    pub fn key(&self, store: &Store, ctx: &Context, body: &[u8]) -> Option<Key> {
        self.key.as_ref().map(|key| store.idempotency_key(ctx, &self.operation, key, body))
    }
}

impl FromRequest for Once {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all("Idempotency-Key");
        let (first, second) = (values.next(), values.next());
        let visible = |key: &&str| {
            (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let key = match (first, second) {
            (None, _) => Ok(None),
            (Some(value), None) => match value.to_str().ok().filter(visible) {
                Some(key) => Ok(Some(key.to_owned())),
                None => Err(()),
            },
            (Some(_), Some(_)) => Err(()),
        };
        let operation = || format!("{} {}", request.method(), request.path().trim_end_matches('/'));
        ready(match key {
            Ok(None) => Ok(Self { key: None, operation: String::new() }),
            Ok(key) => Ok(Self { key, operation: operation() }),
            Err(()) => Err(Problem::new(
                Code::InvalidHeader,
                format!("Idempotency-Key: expected 1 to {LONGEST} visible ASCII characters, once."),
            )),
        })
    }
}
