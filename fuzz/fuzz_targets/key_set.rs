//! Key sets: an accepted one is stored and read back unchanged, its public document contains
//! nothing private, and it verifies what it signs.
//!
//! Input: a JSON Web Key set.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret;
use serde_json::Value;
use taskhub_auth::{Grant, KeySet, Kind, Signer, TokenError, Verifier};
use uuid::Uuid;

const NOW: i64 = 1_700_000_000;
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "k", "oth"];

fuzz_target!(|text: &str| {
    let Ok(keys) = KeySet::from_json(text) else { return };
    let kept = keys.to_private_json();
    let again = KeySet::from_json(kept.expose_secret()).unwrap();
    assert_eq!(again.to_private_json().expose_secret(), kept.expose_secret());

    let read: Value = serde_json::from_str(text).unwrap();
    let all = read["keys"].as_array().unwrap();
    assert!((1..=16).contains(&all.len()));
    let kids: HashSet<_> = all.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids.len(), all.len());

    let public = keys.to_jwks(NOW);
    let shown = public["keys"].as_array().unwrap();
    for key in shown {
        assert!(PRIVATE.iter().all(|member| key.get(member).is_none()), "{key}");
        assert!(key["kty"] != "oct" && kids.contains(key["kid"].as_str().unwrap()));
    }
    if !shown.is_empty() {
        let read = KeySet::from_json(&public.to_string()).unwrap();
        assert!(!read.signs());
        assert_eq!(read.to_jwks(NOW), public);
    }

    let signer = Signer::new(&keys, "issuer", "audience");
    assert_eq!(signer.is_ok(), keys.signs());
    let Ok(signer) = signer else { return };
    let grant = Grant {
        kind: Kind::Operator,
        id: Uuid::nil(),
        tenant: None,
        role: None,
        scopes: None,
        session: None,
        lifetime: 900,
    };
    match signer.mint(&grant, Uuid::nil(), NOW) {
        Ok(token) => {
            let verifier = Verifier::new(&keys, "issuer", "audience").unwrap();
            assert!(verifier.verify(token.expose_secret(), NOW).is_ok());
        }
        Err(error) => assert_eq!(error, TokenError::Signing, "no key's turn has come, or it has passed"),
    }
});
