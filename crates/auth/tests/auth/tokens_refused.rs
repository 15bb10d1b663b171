//! Tests of tokens that are rejected, each for one reason.

use jsonwebtoken::{Algorithm as Jwa, EncodingKey};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use taskhub_auth::{Algorithm, KeySet, Signer, TokenError};
use uuid::Uuid;

use crate::forge::{
    ALL, AUDIENCE, Forge, ISSUER, NOW, bytes, claims, encoded, first, jwa, put, sealed, stranger, user,
    verifier,
};

const DAY: i64 = 24 * 60 * 60;

fn good(keys: &KeySet) -> String {
    let signer = Signer::new(keys, ISSUER, AUDIENCE).unwrap();
    signer.mint(&user(), Uuid::from_u128(3), NOW).unwrap().expose_secret().to_owned()
}

#[test]
fn another_type() {
    let forge = Forge::new();
    for typ in [
        json!("JWT"),
        json!("rt+jwt"),
        json!("id+jwt"),
        json!(""),
        json!("at+jwt2"),
        json!("text/at+jwt"),
        Value::Null,
    ] {
        assert_eq!(forge.with_header("typ", typ.clone()).unwrap_err(), TokenError::WrongType, "{typ}");
    }
}

#[test]
fn a_header_that_brings_its_own_key_or_demand() {
    let forge = Forge::new();
    let own = json!({ "kty": "oct", "k": "AAAA", "alg": "HS256" });
    for (member, value) in [
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("jwk", own),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
    ] {
        assert_eq!(forge.with_header(member, value).unwrap_err(), TokenError::Malformed, "{member}");
    }
}

#[test]
fn a_key_that_is_not_in_the_set() {
    let forge = Forge::new();
    for kid in [json!("another"), json!(""), Value::Null] {
        assert_eq!(forge.with_header("kid", kid.clone()).unwrap_err(), TokenError::UnknownKey, "{kid}");
    }
}

#[test]
fn another_algorithm_than_the_keys_own() {
    let forge = Forge::new();
    for alg in ["HS384", "HS512", "EdDSA", "RS256", "ES256", "PS256"] {
        assert_eq!(forge.with_header("alg", json!(alg)).unwrap_err(), TokenError::UnknownKey, "{alg}");
    }
    let hs512 = put(forge.header(), "alg", json!("HS512"));
    let token = sealed(&hs512, &claims(), &forge.secret, Jwa::HS512);
    assert_eq!(forge.verifier.verify(&token, NOW).unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn no_algorithm() {
    let forge = Forge::new();
    for alg in ["none", "None", "NONE", ""] {
        let header = put(forge.header(), "alg", json!(alg));
        let unsigned = format!("{}.{}.", encoded(&header), encoded(&claims()));
        assert_eq!(forge.verifier.verify(&unsigned, NOW).unwrap_err(), TokenError::Malformed, "{alg}");
    }
    let unsigned = format!("{}.{}.", encoded(&forge.header()), encoded(&claims()));
    assert_eq!(forge.verifier.verify(&unsigned, NOW).unwrap_err(), TokenError::BadSignature);
}

#[test]
fn an_hmac_under_the_public_key() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let keys = KeySet::generate(algorithm).unwrap();
        let public = &keys.to_jwks(NOW)["keys"][0];
        let mut guesses = vec![public.to_string().into_bytes(), keys.to_jwks(NOW).to_string().into_bytes()];
        for member in ["x", "y", "n", "e"].into_iter().filter(|member| public[*member].is_string()) {
            guesses.extend([bytes(public, member), public[member].as_str().unwrap().as_bytes().to_vec()]);
        }
        for guess in guesses {
            for alg in ["HS256", &algorithm.to_string()] {
                let header = json!({ "alg": alg, "typ": "at+jwt", "kid": public["kid"] });
                let token = sealed(&header, &claims(), &EncodingKey::from_secret(&guess), Jwa::HS256);
                let error = verifier(&keys).verify(&token, NOW).unwrap_err();
                assert!(
                    matches!(error, TokenError::UnknownKey | TokenError::BadSignature),
                    "{algorithm} {alg}: {error}"
                );
            }
        }
    }
}

#[test]
fn a_stranger_with_our_kid() {
    for algorithm in ALL {
        let keys = KeySet::generate(algorithm).unwrap();
        let header = json!({ "alg": algorithm.to_string(), "typ": "at+jwt", "kid": first(&keys)["kid"] });
        let token = sealed(&header, &claims(), &stranger(algorithm), jwa(algorithm));
        assert_eq!(verifier(&keys).verify(&token, NOW).unwrap_err(), TokenError::BadSignature, "{algorithm}");
    }
}

#[test]
fn a_changed_payload_header_or_signature() {
    for algorithm in ALL {
        let keys = KeySet::generate(algorithm).unwrap();
        let token = good(&keys);
        let verifier = verifier(&keys);
        verifier.verify(&token, NOW).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let promoted = encoded(&put(claims(), "role", json!("owner")));
        let forged = format!("{}.{promoted}.{}", parts[0], parts[2]);
        assert_eq!(verifier.verify(&forged, NOW).unwrap_err(), TokenError::BadSignature, "{algorithm}");
        let header =
            json!({ "alg": algorithm.to_string(), "typ": "at+jwt", "kid": first(&keys)["kid"], "x": 1 });
        let forged = format!("{}.{}.{}", encoded(&header), parts[1], parts[2]);
        assert_eq!(verifier.verify(&forged, NOW).unwrap_err(), TokenError::BadSignature, "{algorithm}");
        let other = if parts[2].starts_with('A') { "B" } else { "A" };
        let forged = format!("{}.{}.{other}{}", parts[0], parts[1], &parts[2][1..]);
        assert_eq!(verifier.verify(&forged, NOW).unwrap_err(), TokenError::BadSignature, "{algorithm}");
    }
}

#[test]
fn a_key_of_one_set_for_another_key_of_it() {
    let [a, b] = [Algorithm::EdDsa, Algorithm::EdDsa].map(|algorithm| KeySet::generate(algorithm).unwrap());
    let both = KeySet::from_json(&json!({ "keys": [first(&a), first(&b)] }).to_string()).unwrap();
    let token = good(&a);
    let (_, rest) = token.split_once('.').unwrap();
    let header = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": first(&b)["kid"] });
    assert_eq!(
        verifier(&both).verify(&format!("{}.{rest}", encoded(&header)), NOW).unwrap_err(),
        TokenError::BadSignature
    );
}

#[test]
fn too_long() {
    let forge = Forge::new();
    assert_eq!(forge.verifier.verify(&"a".repeat(4097), NOW).unwrap_err(), TokenError::TooLong);
    assert_eq!(forge.verifier.verify(&"a".repeat(4096), NOW).unwrap_err(), TokenError::Malformed);
    assert_eq!(forge.with_claim("padding", json!("p".repeat(4096))).unwrap_err(), TokenError::TooLong);
}

#[test]
fn malformed() {
    let forge = Forge::new();
    let token = sealed(&forge.header(), &claims(), &forge.secret, Jwa::HS256);
    let more = [
        format!("{token}.x"),
        format!(" {token}"),
        format!("{token}="),
        token.replace('.', ""),
        format!("Bearer {token}"),
    ];
    for text in ["", ".", "..", "...", "a.b.c", "e30.e30.", "\u{0}.\u{0}.\u{0}"]
        .map(str::to_owned)
        .into_iter()
        .chain(more)
    {
        assert_eq!(forge.verifier.verify(&text, NOW).unwrap_err(), TokenError::Malformed, "{text:?}");
    }
}

#[test]
fn another_issuer_or_audience() {
    let forge = Forge::new();
    for iss in ["https://hub.example/", "https://HUB.example", "", "https://hub.exampl"] {
        assert_eq!(forge.with_claim("iss", json!(iss)).unwrap_err(), TokenError::WrongIssuer, "{iss}");
    }
    for aud in ["taskhub ", "TaskHub", "", "taskhu"] {
        assert_eq!(forge.with_claim("aud", json!(aud)).unwrap_err(), TokenError::WrongAudience, "{aud}");
    }
}

#[test]
fn expired_or_not_yet_valid() {
    let forge = Forge::new();
    let at = |iat: i64, exp: i64| {
        forge.tries(forge.header(), put(put(claims(), "iat", json!(iat)), "exp", json!(exp)))
    };
    assert_eq!(at(NOW - 900, NOW).unwrap_err(), TokenError::Expired);
    assert_eq!(at(NOW - 900, NOW - 1).unwrap_err(), TokenError::Expired);
    assert!(at(NOW - 900, NOW + 1).is_ok());
    assert_eq!(at(NOW + 61, NOW + 900).unwrap_err(), TokenError::NotYetValid);
    assert_eq!(forge.with_claim("nbf", json!(NOW + 61)).unwrap_err(), TokenError::NotYetValid);
}

#[test]
fn too_long_a_life() {
    let forge = Forge::new();
    let kinds = [("user", DAY), ("service", 366 * DAY), ("operator", 366 * DAY)];
    for (kind, longest) in kinds {
        let mut claims = put(claims(), "sub", json!(format!("{kind}:{}", Uuid::from_u128(1))));
        if kind != "user" {
            claims = put(put(claims, "role", Value::Null), "scope", json!(""));
        }
        if kind == "operator" {
            claims = put(claims, "tenant", Value::Null);
        }
        assert!(
            forge.tries(forge.header(), put(claims.clone(), "exp", json!(NOW + longest))).is_ok(),
            "{kind}"
        );
        let error = forge.tries(forge.header(), put(claims, "exp", json!(NOW + longest + 1))).unwrap_err();
        assert_eq!(error, TokenError::BadClaims, "{kind}");
    }
}

#[test]
fn claims_that_are_missing_or_of_another_form() {
    let forge = Forge::new();
    for member in ["iss", "aud", "sub", "tenant", "role", "jti", "iat", "exp"] {
        assert_eq!(
            forge.with_claim(member, Value::Null).unwrap_err(),
            TokenError::BadClaims,
            "without {member}"
        );
    }
    for (member, value) in [
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(NOW)),
        ("exp", json!(NOW - 1)),
        ("exp", json!("1700000900")),
        ("exp", json!(1_700_000_900.5)),
        ("iat", json!(i64::MIN)),
        ("iat", json!(true)),
        ("aud", json!([AUDIENCE])),
        ("iss", json!([ISSUER])),
        ("jti", json!("1")),
        ("tenant", json!("acme")),
        ("role", json!("")),
        ("role", json!(["owner"])),
        ("sid", json!("x")),
        ("scope", json!(["a"])),
        ("scope", json!("a  b")),
        ("scope", json!(" a")),
        ("scope", json!("a\nb")),
        ("nbf", json!("soon")),
    ] {
        assert_eq!(
            forge.with_claim(member, value.clone()).unwrap_err(),
            TokenError::BadClaims,
            "{member}: {value}"
        );
    }
    let subjects = [
        "",
        "user",
        "user:",
        "user:1",
        "admin:ID",
        "User:ID",
        ":ID",
        "ID",
        "user: ID",
        "user:ID ",
        "user:urn:uuid:ID",
        "user:{ID}",
    ];
    for subject in subjects {
        let subject = subject.replace("ID", &Uuid::from_u128(0xa).to_string());
        assert_eq!(forge.with_claim("sub", json!(subject)).unwrap_err(), TokenError::BadClaims, "{subject}");
    }
    let shouted = format!("user:{}", Uuid::from_u128(0xa).to_string().to_uppercase());
    assert_eq!(forge.with_claim("sub", json!(shouted)).unwrap_err(), TokenError::BadClaims);
    for whole in [json!([]), json!("claims"), json!(null), json!({})] {
        assert_eq!(forge.tries(forge.header(), whole).unwrap_err(), TokenError::BadClaims);
    }
}

#[test]
fn shapes_that_are_none_of_the_three() {
    let forge = Forge::new();
    let id = Uuid::from_u128(1);
    let (tenant, none) = (json!(Uuid::from_u128(2)), Value::Null);
    for (kind, tenant, role, scope) in [
        ("user", &none, json!("member"), &none),
        ("user", &tenant, none.clone(), &none),
        ("service", &none, none.clone(), &json!("a")),
        ("service", &tenant, json!("member"), &json!("a")),
        ("service", &tenant, none.clone(), &none),
        ("operator", &tenant, none.clone(), &none),
        ("operator", &none, json!("admin"), &none),
    ] {
        let mut claims = put(claims(), "sub", json!(format!("{kind}:{id}")));
        for (member, value) in [("tenant", tenant), ("role", &role), ("scope", scope)] {
            claims = put(claims, member, value.clone());
        }
        assert_eq!(
            forge.tries(forge.header(), claims.clone()).unwrap_err(),
            TokenError::BadClaims,
            "{claims}"
        );
    }
}

#[test]
fn a_refused_token_is_not_remembered() {
    let forge = Forge::new();
    let token = sealed(&forge.header(), &put(claims(), "iat", json!(NOW + 61)), &forge.secret, Jwa::HS256);
    assert_eq!(forge.verifier.verify(&token, NOW).unwrap_err(), TokenError::NotYetValid);
    assert_eq!(forge.verifier.verify(&token, NOW).unwrap_err(), TokenError::NotYetValid);
    assert!(forge.verifier.verify(&token, NOW + 1).is_ok());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in ".*|[A-Za-z0-9_.-]{0,300}",
        header in prop::collection::vec(any::<u8>(), 0..60),
        payload in prop::collection::vec(any::<u8>(), 0..60),
        now in any::<i64>(),
    ) {
        let forge = Forge::new();
        prop_assert!(forge.verifier.verify(&text, now).is_err());
        let three = json!(String::from_utf8_lossy(&header));
        let token = sealed(&three, &json!(String::from_utf8_lossy(&payload)), &forge.secret, Jwa::HS256);
        prop_assert!(forge.verifier.verify(&token, now).is_err());
    }

    #[test]
    fn no_signed_times_make_it_panic(iat in any::<i64>(), exp in any::<i64>(), nbf in any::<i64>(), now in any::<i64>()) {
        let forge = Forge::new();
        let timed = put(put(put(claims(), "iat", json!(iat)), "exp", json!(exp)), "nbf", json!(nbf));
        let token = sealed(&forge.header(), &timed, &forge.secret, Jwa::HS256);
        let accepted = forge.verifier.verify(&token, now).is_ok();
        let (iat, exp, nbf, now) = (i128::from(iat), i128::from(exp), i128::from(nbf), i128::from(now));
        let life = exp - iat;
        prop_assert_eq!(accepted, now < exp && iat <= now + 60 && nbf <= now + 60 && life > 0 && life <= i128::from(DAY));
    }
}
