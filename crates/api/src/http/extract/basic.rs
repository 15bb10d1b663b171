//! The credentials of an OAuth client in `Authorization: Basic` (RFC 7617, RFC 6749 section 2.3.1).
//!
//! They are only read here. The operation verifies them.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use base64::{Engine, engine::general_purpose::STANDARD};
use taskhub_domain::service_account::Client;

use super::pairs;
use crate::http::problem::{Code, Problem};

/// The client credentials in the header, not verified, if the request has them. The middleware lets
/// such a header pass only to the operations that accept it.
pub struct Basic(pub Option<Client>);

impl FromRequest for Basic {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = value.and_then(|value| value.split_once(' '));
        ready(match given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")) {
            None => Ok(Self(None)),
            Some((_, given)) => match read(given.trim()) {
                Some(client) => Ok(Self(Some(client))),
                None => Err(Code::InvalidClient.into()),
            },
        })
    }
}

/// Reads `base64(id:secret)`, where both parts are form-urlencoded.
fn read(given: &str) -> Option<Client> {
    let text = String::from_utf8(STANDARD.decode(given).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some(Client { id: decoded(id)?, secret: decoded(secret)?.into() })
}

/// Decodes one part, which must be a single form value.
fn decoded(half: &str) -> Option<String> {
    match pairs(&format!("x={half}")).as_mut_slice() {
        [(_, value)] => Some(std::mem::take(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_value_without_id_and_secret_is_rejected() {
        for text in ["", "no-colon", "a&b:c", "a:b&c"] {
            assert!(read(&STANDARD.encode(text)).is_none(), "{text}");
        }
        assert!(read("not base64!").is_none());
    }

    proptest! {
        #[test]
        fn credentials_are_read_back(id in "\\PC{0,20}", secret in "\\PC{0,20}") {
            let encoded = |half: &str| form_urlencoded::byte_serialize(half.as_bytes()).collect::<String>();
            let header = STANDARD.encode(format!("{}:{}", encoded(&id), encoded(&secret)));
            let client = read(&header).unwrap();
            prop_assert_eq!(client.id, id);
            prop_assert_eq!(client.secret.expose_secret(), secret.as_str());
        }

        #[test]
        fn no_input_panics(given in "\\PC*") {
            let _ = read(&given);
            let _ = read(&STANDARD.encode(&given));
        }
    }
}
