//! Tests of key sets and their public and private documents.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use taskhub_auth::{Algorithm, KeyError, KeySet, secret};

use crate::forge::{ALL, NOW, bytes, document, first};

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "k", "oth"];

/// The names of all members and all texts of a document, at any depth.
fn walk(value: &Value, members: &mut HashSet<String>, texts: &mut HashSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            members.insert(name.clone());
            walk(value, members, texts);
        }),
        Value::Array(list) => list.iter().for_each(|value| walk(value, members, texts)),
        Value::String(text) => drop(texts.insert(text.clone())),
        _ => {}
    }
}

#[test]
fn the_names_of_algorithms_are_the_registered_ones() {
    for (algorithm, name) in ALL.into_iter().zip(["EdDSA", "ES256", "RS256", "HS256"]) {
        assert_eq!(algorithm.to_string(), name);
        assert_eq!(name.parse(), Ok(algorithm));
    }
    for name in ["", "none", "eddsa", "HS512", "RS256 "] {
        assert_eq!(name.parse::<Algorithm>(), Err(KeyError::UnknownAlgorithm));
    }
}

#[test]
fn generated_keys_differ_and_survive_being_stored() {
    for algorithm in ALL {
        let [a, b] = [(); 2].map(|()| KeySet::generate(algorithm).unwrap());
        assert!(a.signs());
        assert_ne!(first(&a)["kid"], first(&b)["kid"]);
        let again = KeySet::from_json(a.to_private_json().expose_secret()).unwrap();
        assert_eq!(document(&again), document(&a));
        assert_eq!(again.to_jwks(NOW), a.to_jwks(NOW));
        assert!(a.to_private_json().expose_secret().contains('\n'), "it is indented");
    }
}

#[test]
fn an_hmac_keys_id_tells_nothing_of_it() {
    let key = first(&KeySet::generate(Algorithm::Hs256).unwrap());
    assert_eq!(bytes(&key, "k").len(), 32);
    let thumbprint = secret::digest(&format!(r#"{{"k":{},"kty":"oct"}}"#, key["k"]));
    assert_ne!(key["kid"], thumbprint.as_str());
    assert_ne!(key["kid"], secret::digest(key["k"].as_str().unwrap()).as_str());
}

#[test]
fn the_id_of_others_is_their_thumbprint() {
    let key = first(&KeySet::generate(Algorithm::Es256).unwrap());
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, key["x"], key["y"]);
    assert_eq!(key["kid"], secret::digest(&members).as_str());
}

#[test]
fn members_that_are_not_known_are_dropped() {
    let keys = KeySet::generate(Algorithm::EdDsa).unwrap();
    let mut key = first(&keys);
    key["x5u"] = json!("https://evil.example/");
    key["note"] = json!("keep me out");
    let read = KeySet::from_json(&json!({ "keys": [key], "more": 1 }).to_string()).unwrap();
    assert_eq!(document(&read), document(&keys));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_public_document_has_no_private_member(picks in prop::collection::vec(0_usize..4, 1..5)) {
        let sets: Vec<KeySet> = picks.iter().map(|pick| KeySet::generate(ALL[*pick]).unwrap()).collect();
        let all: Vec<Value> = sets.iter().map(first).collect();
        let keys = KeySet::from_json(&json!({ "keys": all }).to_string()).unwrap();
        let (mut members, mut texts) = (HashSet::new(), HashSet::new());
        walk(&keys.to_jwks(NOW), &mut members, &mut texts);
        for member in PRIVATE {
            prop_assert!(!members.contains(member));
            for value in all.iter().filter_map(|key| key[member].as_str()) {
                prop_assert!(!texts.contains(value));
            }
        }
        prop_assert!(!texts.contains("oct"));
        let asymmetric = picks.iter().filter(|pick| ALL[**pick] != Algorithm::Hs256).count();
        prop_assert_eq!(keys.to_jwks(NOW)["keys"].as_array().unwrap().len(), asymmetric);
    }
}

/// Any JSON, with the names of members that keys have.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "OKP", "EC", "RSA", "oct", "Ed25519", "P-256", "EdDSA", "ES256", "RS256", "HS256", "sig", "sign"
        ])
        .prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..300)
            .prop_map(|bytes| Value::from(URL_SAFE_NO_PAD.encode(bytes))),
        ".{0,20}".prop_map(Value::from),
    ];
    let names = vec![
        "kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi",
        "k", "oth",
    ];
    leaf.prop_recursive(2, 24, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(prop::sample::select(names.clone()), inner, 0..14).prop_map(
                |members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            ),
        ]
    })
}

/// A key of a valid type with random bytes as members.
fn any_key() -> impl Strategy<Value = Value> {
    let bytes = || {
        prop_oneof![Just(32_usize), Just(256), 0..300_usize]
            .prop_flat_map(|length| prop::collection::vec(any::<u8>(), length))
            .prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
    };
    let kind = prop::sample::select(vec![
        ("OKP", "Ed25519", "EdDSA"),
        ("EC", "P-256", "ES256"),
        ("RSA", "", "RS256"),
        ("oct", "", "HS256"),
    ]);
    let names = ["x", "y", "n", "d", "p", "q", "dp", "dq", "qi", "k"];
    (kind, prop::collection::vec(prop::option::of(bytes()), names.len())).prop_map(
        move |((kty, crv, alg), values)| {
            let mut key = json!({ "kty": kty, "alg": alg, "kid": "k", "e": "AQAB" });
            if !crv.is_empty() {
                key["crv"] = json!(crv);
            }
            for (name, value) in names.into_iter().zip(values) {
                if let Some(value) = value {
                    key[name] = json!(value);
                }
            }
            key
        },
    )
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in ".*", keys in prop::collection::vec(any_json(), 0..3), key in any_key()) {
        let _ = KeySet::from_json(&text);
        let _ = KeySet::from_json(&json!({ "keys": keys }).to_string());
        let _ = KeySet::from_json(&json!({ "keys": [key] }).to_string());
    }
}
