//! Tests of key sets that are rejected, each by one rule.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use taskhub_auth::{Algorithm, KeyError, KeySet};

use crate::forge::{ALL, NOW, bytes, first, put};

fn fresh(algorithm: Algorithm) -> Value {
    first(&KeySet::generate(algorithm).unwrap())
}

fn public(algorithm: Algorithm) -> Value {
    KeySet::generate(algorithm).unwrap().to_jwks(NOW)["keys"][0].clone()
}

fn read(keys: &[Value]) -> Result<KeySet, KeyError> {
    KeySet::from_json(&json!({ "keys": keys }).to_string())
}

/// The reason for which the key is rejected. The error names the key, but no value of its members.
fn reason(key: Value) -> &'static str {
    let error = read(std::slice::from_ref(&key)).unwrap_err();
    let shown = format!("{error} {error:?}");
    for member in ["d", "p", "q", "dp", "dq", "qi", "k", "n", "x"] {
        if let Some(value) = key[member].as_str().filter(|value| value.len() > 5) {
            assert!(!shown.contains(value), "{member} shows");
        }
    }
    match error {
        KeyError::Refused { kid, reason } if key["kid"] == kid.as_str() => reason,
        other => panic!("refused otherwise: {other}"),
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> Value {
    json!(URL_SAFE_NO_PAD.encode(bytes))
}

#[test]
fn what_is_no_key_set() {
    for text in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"keys":{}}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":[{"kid":5}]}"#,
        r#"{"keys":[{"kid":"a","kid":"b"}]}"#,
    ] {
        assert!(matches!(KeySet::from_json(text), Err(KeyError::Malformed { .. })), "{text}");
    }
    let careless = r#"{"keys":[{"kid":"a","key_ops":"hunter2hunter2"}]}"#;
    let error = KeySet::from_json(careless).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn none_or_too_many() {
    assert_eq!(read(&[]).unwrap_err(), KeyError::Empty);
    let many: Vec<Value> =
        (0..17).map(|number| put(fresh(Algorithm::Hs256), "kid", json!(number.to_string()))).collect();
    assert!(read(&many[..16]).is_ok());
    assert_eq!(read(&many).unwrap_err(), KeyError::TooMany(17));
}

#[test]
fn without_an_id_or_with_one_twice() {
    let [a, b] = [Algorithm::EdDsa, Algorithm::Es256].map(fresh);
    for kid in [Value::Null, json!(""), json!("k".repeat(129))] {
        assert_eq!(read(&[a.clone(), put(b.clone(), "kid", kid)]).unwrap_err(), KeyError::MissingKid(2));
    }
    let twin = put(b, "kid", a["kid"].clone());
    assert_eq!(
        read(&[a.clone(), twin]).unwrap_err(),
        KeyError::DuplicateKid(a["kid"].as_str().unwrap().to_owned())
    );
}

#[test]
fn for_another_use() {
    for algorithm in ALL {
        for usage in ["enc", "", "SIG"] {
            assert_eq!(reason(put(fresh(algorithm), "use", json!(usage))), "its `use` must be `sig`");
        }
        assert!(read(&[put(fresh(algorithm), "use", Value::Null)]).is_ok());
    }
}

#[test]
fn with_operations_that_lack_what_it_is_for() {
    let with = |key: Value, operations: Value| put(key, "key_ops", operations);
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        assert!(reason(with(fresh(algorithm), json!(["verify"]))).contains("lack `sign`"));
        assert!(reason(with(public(algorithm), json!(["sign"]))).contains("lack `verify`"));
        assert!(reason(with(public(algorithm), json!([]))).contains("lack `verify`"));
        assert!(read(&[with(fresh(algorithm), json!(["sign"]))]).is_ok());
        assert!(read(&[with(public(algorithm), json!(["verify"]))]).is_ok());
    }
    assert!(reason(with(fresh(Algorithm::Hs256), json!(["verify"]))).contains("lack `sign`"));
    assert!(reason(with(fresh(Algorithm::Hs256), json!(["sign"]))).contains("lack `verify`"));
    assert!(read(&[with(fresh(Algorithm::Hs256), json!(["sign", "verify"]))]).is_ok());
    for operations in [json!(["sign", "sign"]), json!(["sign", "verify", "encrypt"]), json!(["deriveKey"])] {
        assert!(reason(with(fresh(Algorithm::EdDsa), operations)).contains("only `sign` and `verify`"));
    }
}

#[test]
fn of_another_kind_than_its_algorithm() {
    for algorithm in ALL {
        assert_eq!(
            reason(put(fresh(algorithm), "alg", Value::Null)),
            "its `alg` is missing: a key is for exactly one algorithm"
        );
        for alg in ["none", "HS512", "PS256", "ES384", "Ed25519", ""] {
            assert!(reason(put(fresh(algorithm), "alg", json!(alg))).contains("`alg` must be"), "{alg}");
        }
        for other in ALL.into_iter().filter(|other| *other != algorithm) {
            assert_eq!(
                reason(put(fresh(algorithm), "alg", json!(other.to_string()))),
                "its `alg` does not match its `kty`"
            );
        }
        for kty in [json!("AKP"), json!("rsa"), json!(""), Value::Null] {
            assert_eq!(reason(put(fresh(algorithm), "kty", kty)), "its `kty` must be OKP, EC, RSA or oct");
        }
    }
}

#[test]
fn on_another_curve() {
    for (algorithm, curves) in [
        (Algorithm::EdDsa, [json!("Ed448"), json!("X25519"), json!("P-256"), Value::Null]),
        (Algorithm::Es256, [json!("P-384"), json!("secp256k1"), json!("Ed25519"), Value::Null]),
        (Algorithm::Rs256, [json!("P-256"), json!("Ed25519"), json!(""), json!("P-521")]),
    ] {
        for curve in curves {
            assert!(
                reason(put(fresh(algorithm), "crv", curve.clone())).starts_with("its `crv`"),
                "{algorithm} on {curve}"
            );
        }
    }
}

#[test]
fn a_short_secret() {
    let key = fresh(Algorithm::Hs256);
    for length in [1, 16, 31] {
        assert_eq!(
            reason(put(key.clone(), "k", encode(vec![7; length]))),
            "its secret must have at least 32 bytes"
        );
    }
    for k in [json!(""), json!("!"), json!("+/+/"), json!(format!("{}=", "A".repeat(43)))] {
        assert!(reason(put(key.clone(), "k", k)).starts_with("a private member is missing"));
    }
    assert!(reason(put(key.clone(), "k", Value::Null)).contains("must be present for HS256"));
    assert!(
        reason(put(fresh(Algorithm::EdDsa), "k", key["k"].clone())).contains("absent for other algorithms")
    );
}

#[test]
fn a_weak_rsa_key() {
    let key = public(Algorithm::Rs256);
    let modulus = bytes(&key, "n");
    assert_eq!(
        reason(put(key.clone(), "n", encode(&modulus[..128]))),
        "its modulus must have 2048 to 8192 bits"
    );
    let mut below = modulus.clone();
    below[0] = 0x7f;
    assert_eq!(reason(put(key.clone(), "n", encode(below))), "its modulus must have 2048 to 8192 bits");
    assert_eq!(
        reason(put(key.clone(), "n", encode(vec![0xff; 1025]))),
        "its modulus must have 2048 to 8192 bits"
    );
    assert_eq!(
        reason(put(key.clone(), "n", encode([[0].as_slice(), &modulus].concat()))),
        "its `n` and `e` must not begin with a zero byte"
    );
    let mut even = modulus;
    even[255] ^= 1;
    assert_eq!(reason(put(key.clone(), "n", encode(even))), "its `n` and `e` are not an RSA public key");
    for e in [vec![1], vec![2], vec![1, 0, 0], vec![4, 0, 0, 0, 1]] {
        assert!(reason(put(key.clone(), "e", encode(e))).starts_with("its public exponent"));
    }
    assert_eq!(
        reason(put(key.clone(), "e", encode([0, 3]))),
        "its `n` and `e` must not begin with a zero byte"
    );
    assert!(read(&[put(key, "e", encode([3]))]).is_ok());
}

#[test]
fn a_point_of_the_wrong_size_or_off_the_curve() {
    let key = public(Algorithm::Es256);
    let mut off = bytes(&key, "y");
    off[31] ^= 1;
    assert_eq!(reason(put(key.clone(), "y", encode(off))), "its point is not on the curve");
    assert_eq!(reason(put(key.clone(), "x", encode([1; 31]))), "its `x` and `y` must be 32 bytes each");
    let key = public(Algorithm::EdDsa);
    let wrapped =
        [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".as_slice(), &bytes(&key, "x")].concat();
    assert!(reason(put(key.clone(), "x", encode(wrapped))).starts_with("its `x` is not"));
    for length in [31, 33, 64] {
        assert!(reason(put(key.clone(), "x", encode(vec![1; length]))).starts_with("its `x` is not"));
    }
}

#[test]
fn members_that_are_missing_or_not_base64url() {
    for (algorithm, members) in [
        (Algorithm::EdDsa, ["x"].as_slice()),
        (Algorithm::Es256, &["x", "y"]),
        (Algorithm::Rs256, &["n", "e", "d", "p", "q", "dp", "dq", "qi"]),
    ] {
        let key = fresh(algorithm);
        for member in members {
            for value in [Value::Null, json!(""), json!("a+b/"), json!("é")] {
                assert!(
                    reason(put(key.clone(), member, value)).contains("is missing"),
                    "{algorithm}: {member}"
                );
            }
        }
    }
    let shorter = put(fresh(Algorithm::EdDsa), "d", encode([1; 31]));
    assert_eq!(reason(shorter), "its `d` is not 32 bytes");
    let longer = put(fresh(Algorithm::EdDsa), "d", encode([1; 33]));
    assert_eq!(reason(longer), "its `d` is not 32 bytes");
    let third = put(fresh(Algorithm::Rs256), "oth", json!([{ "r": "AQ" }]));
    assert_eq!(reason(third), "it must not have more than two primes (`oth`)");
}

#[test]
fn private_members_of_another_key() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let (mine, other) = (fresh(algorithm), fresh(algorithm));
        let mixed = put(mine, "d", other["d"].clone());
        assert_eq!(reason(mixed), "its private members do not match its public ones", "{algorithm}");
    }
    let (mine, other) = (fresh(Algorithm::Rs256), fresh(Algorithm::Rs256));
    for member in ["p", "q", "dp", "dq", "qi"] {
        let mixed = put(mine.clone(), member, other[member].clone());
        assert_eq!(reason(mixed), "its private members do not match its public ones", "{member}");
    }
}

#[test]
fn one_bad_key_spoils_the_set() {
    let good = KeySet::generate(Algorithm::EdDsa).unwrap();
    let bad = put(fresh(Algorithm::Hs256), "k", encode([7; 8]));
    assert!(KeySet::from_json(good.to_private_json().expose_secret()).is_ok());
    assert!(matches!(read(&[first(&good), bad]), Err(KeyError::Refused { .. })));
}
