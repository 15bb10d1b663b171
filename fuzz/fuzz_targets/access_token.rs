//! Access tokens: an accepted token was signed with the key, has the claimed values, and expires as
//! claimed; and a signer mints an equal one.
//!
//! Input: a header and claims, a line each, which are signed with the key; without a second line,
//! an arbitrary token.
#![no_main]

use std::sync::{Arc, LazyLock};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use taskhub_auth::{Grant, KeySet, Principal, Signer, TokenError, Verifier};

const ISSUER: &str = "https://hub.example";
const AUDIENCE: &str = "taskhub";
const NOW: i64 = 1_700_000_000;
const SECRET: [u8; 32] = [7; 32];

/// An HMAC key, which signs, and the Ed25519 key of RFC 8037, appendix A.2.
static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let hmac = json!({ "kty": "oct", "kid": "h", "alg": "HS256", "k": secret });
    let ed = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "e", "alg": "EdDSA", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    KeySet::from_json(&json!({ "keys": [hmac, ed] }).to_string()).unwrap()
});

fuzz_target!(|text: &str| {
    // A new verifier each time, so that its cache does not depend on earlier inputs.
    let verifier = Verifier::new(&KEYS, ISSUER, AUDIENCE).unwrap();
    let Some((header, claims)) = text.split_once('\n') else {
        assert!(verifier.verify(text, NOW).is_err(), "nobody has signed it");
        return;
    };
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature =
        crypto::sign(message.as_bytes(), &EncodingKey::from_secret(&SECRET), Algorithm::HS256).unwrap();
    let token = format!("{message}.{signature}");
    let Ok(principal) = verifier.verify(&token, NOW) else { return };

    let header: Value = serde_json::from_str(header).unwrap();
    let claims: Value = serde_json::from_str(claims).unwrap();
    assert_eq!((&header["alg"], &header["kid"]), (&json!("HS256"), &json!("h")));
    for demand in ["jku", "jwk", "x5u", "x5c", "crit"] {
        assert!(
            header.get(demand).is_none_or(Value::is_null),
            "{demand} is not followed, and not passed over"
        );
    }
    says_what_is_claimed(&principal, &claims);
    let (issued, end) = (principal.issued_at(), principal.expires_at());
    assert!(issued <= NOW + 60 && NOW < end);
    // The result is the same from the cache, and the token expires.
    assert_eq!(shape(&verifier.verify(&token, NOW).unwrap()), shape(&principal));
    assert_eq!(verifier.verify(&token, end).unwrap_err(), TokenError::Expired);
    let other = Verifier::new(&KEYS, ISSUER, "another").unwrap();
    assert_eq!(other.verify(&token, NOW).unwrap_err(), TokenError::WrongAudience);
    // No character of the signed part can be changed.
    let at = text.len() % message.len();
    let letter = if message.as_bytes()[at] == b'A' { "B" } else { "A" };
    let mut forged = token.clone();
    forged.replace_range(at..=at, letter);
    assert!(verifier.verify(&forged, NOW).is_err(), "{forged}");

    // A minted token has the same content, and its own verifier accepts it.
    let minted =
        Signer::new(&KEYS, ISSUER, AUDIENCE).unwrap().mint(&grant(&principal), principal.token_id(), issued);
    match minted {
        Ok(minted) => {
            assert_eq!(shape(&verifier.verify(minted.expose_secret(), NOW).unwrap()), shape(&principal));
        }
        // The token had the maximum length, and the new one is encoded in a longer form.
        Err(error) => assert!(error == TokenError::TooLong && token.len() > 2048, "{error}"),
    }
});

fn says_what_is_claimed(principal: &Principal, claims: &Value) {
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!(AUDIENCE)));
    assert_eq!(claims["iat"], principal.issued_at());
    assert_eq!(claims["exp"], principal.expires_at());
    assert_eq!(claims["role"].as_str(), principal.role());
    let subject = claims["sub"].as_str().unwrap();
    assert!(subject.starts_with(&principal.kind().to_string()), "{subject}");
    assert_eq!(claims["tenant"].as_str().map(|id| id.parse().unwrap()), principal.tenant());
    let scopes = principal.scopes().map(|scopes| scopes.join(" "));
    assert_eq!(claims["scope"].as_str(), scopes.as_deref());
}

fn grant(principal: &Principal) -> Grant {
    Grant {
        kind: principal.kind(),
        id: principal.id(),
        tenant: principal.tenant(),
        role: principal.role().map(str::to_owned),
        scopes: principal.scopes().map(<[String]>::to_vec),
        session: principal.session(),
        lifetime: principal.expires_at() - principal.issued_at(),
    }
}

/// All fields of a principal.
fn shape(principal: &Arc<Principal>) -> String {
    format!("{principal:?}")
}
