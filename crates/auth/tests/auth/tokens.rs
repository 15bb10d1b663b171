//! Tests of valid tokens and their lifetime.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use taskhub_auth::{Algorithm, Grant, KeyError, KeySet, Kind, Signer, TokenError, Verifier};
use uuid::Uuid;

use crate::forge::{
    ALL, AUDIENCE, Forge, ISSUER, NOW, claims, document, first, operator, service, user, verifier,
};

fn signer(keys: &KeySet) -> Signer {
    Signer::new(keys, ISSUER, AUDIENCE).unwrap()
}

const DAY: i64 = 24 * 60 * 60;

#[test]
fn what_is_minted_is_verified_by_any_algorithm() {
    for algorithm in ALL {
        let keys = KeySet::generate(algorithm).unwrap();
        for grant in [user(), service(), operator()] {
            let token = signer(&keys).mint(&grant, Uuid::from_u128(3), NOW).unwrap();
            let principal = verifier(&keys).verify(token.expose_secret(), NOW).unwrap();
            assert_eq!(principal.kind(), grant.kind);
            assert_eq!(principal.id(), grant.id);
            assert_eq!(principal.tenant(), grant.tenant);
            assert_eq!(principal.role(), grant.role.as_deref());
            assert_eq!(principal.scopes(), grant.scopes.as_deref());
            assert_eq!(principal.session(), grant.session);
            assert_eq!(principal.token_id(), Uuid::from_u128(3));
            assert_eq!(principal.issued_at(), NOW);
            assert_eq!(principal.expires_at(), NOW + 900);
        }
    }
}

#[test]
fn the_public_document_verifies_what_the_private_set_signed() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let keys = KeySet::generate(algorithm).unwrap();
        let stored = KeySet::from_json(keys.to_private_json().expose_secret()).unwrap();
        let token = signer(&stored).mint(&user(), Uuid::from_u128(3), NOW).unwrap();
        let public = KeySet::from_json(&keys.to_jwks(NOW).to_string()).unwrap();
        assert!(verifier(&public).verify(token.expose_secret(), NOW).is_ok());
        assert!(!public.signs());
        assert_eq!(Signer::new(&public, ISSUER, AUDIENCE).unwrap_err(), KeyError::NoSigningKey);
    }
}

#[test]
fn the_token_is_written_as_rfc_9068_says() {
    let keys = KeySet::generate(Algorithm::EdDsa).unwrap();
    let token = signer(&keys).mint(&service(), Uuid::from_u128(3), NOW).unwrap();
    let part = |place| -> Value {
        let text = token.expose_secret().split('.').nth(place).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": first(&keys)["kid"] }));
    assert_eq!(
        part(1),
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": format!("service:{}", Uuid::from_u128(1)), "tenant": Uuid::from_u128(2),
            "scope": "tasks:read tasks:write", "sid": Uuid::from_u128(4), "jti": Uuid::from_u128(3),
            "iat": NOW, "exp": NOW + 900,
        })
    );
}

#[test]
fn a_service_without_rights_differs_from_a_user_who_is_not_narrowed() {
    let keys = KeySet::generate(Algorithm::EdDsa).unwrap();
    let scopes = |grant: Grant| {
        let token = signer(&keys).mint(&grant, Uuid::from_u128(3), NOW).unwrap();
        verifier(&keys).verify(token.expose_secret(), NOW).unwrap().scopes().map(<[String]>::to_vec)
    };
    assert_eq!(scopes(Grant { scopes: Some(vec![]), ..service() }), Some(vec![]));
    assert_eq!(scopes(user()), None);
    assert_eq!(
        scopes(Grant { scopes: Some(vec!["tasks:read".to_owned()]), ..user() }),
        Some(vec!["tasks:read".to_owned()])
    );
}

#[test]
fn the_signer_makes_nothing_that_the_verifier_would_refuse() {
    let signer = signer(&KeySet::generate(Algorithm::EdDsa).unwrap());
    let scoped = |scope: &str| Grant { scopes: Some(vec![scope.to_owned()]), ..service() };
    for bad in [
        Grant { role: None, ..user() },
        Grant { role: Some(String::new()), ..user() },
        Grant { tenant: None, ..user() },
        Grant { tenant: None, ..service() },
        Grant { scopes: None, ..service() },
        Grant { role: Some("admin".to_owned()), ..service() },
        Grant { tenant: Some(Uuid::from_u128(2)), ..operator() },
        Grant { role: Some("admin".to_owned()), ..operator() },
        Grant { lifetime: 0, ..user() },
        Grant { lifetime: -1, ..user() },
        Grant { lifetime: DAY + 1, ..user() },
        Grant { lifetime: 366 * DAY + 1, ..service() },
        Grant { lifetime: 366 * DAY + 1, ..operator() },
        Grant { lifetime: i64::MAX, ..user() },
        scoped("a b"),
        scoped(""),
        scoped("ü"),
        scoped("a\"b"),
        scoped("a\\b"),
    ] {
        assert_eq!(signer.mint(&bad, Uuid::from_u128(3), NOW).unwrap_err(), TokenError::BadClaims, "{bad:?}");
    }
    assert_eq!(
        signer.mint(&scoped(&"s".repeat(4000)), Uuid::from_u128(3), NOW).unwrap_err(),
        TokenError::TooLong
    );
    assert!(signer.mint(&Grant { lifetime: DAY, ..user() }, Uuid::from_u128(3), NOW).is_ok());
    assert!(signer.mint(&Grant { lifetime: 366 * DAY, ..service() }, Uuid::from_u128(3), NOW).is_ok());
}

#[test]
fn it_lives_up_to_its_last_second_remembered_or_not() {
    let keys = KeySet::generate(Algorithm::EdDsa).unwrap();
    let token = signer(&keys).mint(&user(), Uuid::from_u128(3), NOW).unwrap();
    let token = token.expose_secret();
    let verifier = verifier(&keys);
    assert_eq!(verifier.verify(token, NOW + 900).unwrap_err(), TokenError::Expired);
    let once = verifier.verify(token, NOW + 899).unwrap();
    let again = verifier.verify(token, NOW + 899).unwrap();
    assert!(std::sync::Arc::ptr_eq(&once, &again), "the second use is from memory");
    assert_eq!(verifier.verify(token, NOW + 900).unwrap_err(), TokenError::Expired);
    assert_eq!(verifier.verify(token, NOW + 900).unwrap_err(), TokenError::Expired);
}

#[test]
fn rotation_old_tokens_stay_good_and_new_ones_have_the_new_key() {
    let [old, new] =
        [Algorithm::Rs256, Algorithm::EdDsa].map(|algorithm| KeySet::generate(algorithm).unwrap());
    let before = signer(&old).mint(&user(), Uuid::from_u128(3), NOW).unwrap();
    let both = json!({ "keys": [first(&new), first(&old)] });
    let both = KeySet::from_json(&both.to_string()).unwrap();
    let after = signer(&both).mint(&user(), Uuid::from_u128(3), NOW).unwrap();
    assert!(verifier(&both).verify(before.expose_secret(), NOW).is_ok());
    assert!(verifier(&new).verify(after.expose_secret(), NOW).is_ok());
    assert_eq!(verifier(&new).verify(before.expose_secret(), NOW).unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn the_first_private_key_signs() {
    let [public, private] =
        [Algorithm::Es256, Algorithm::EdDsa].map(|algorithm| KeySet::generate(algorithm).unwrap());
    let mixed = json!({ "keys": [public.to_jwks(NOW)["keys"][0], document(&private)["keys"][0]] });
    let mixed = KeySet::from_json(&mixed.to_string()).unwrap();
    assert!(mixed.signs());
    let token = signer(&mixed).mint(&user(), Uuid::from_u128(3), NOW).unwrap();
    assert!(verifier(&private).verify(token.expose_secret(), NOW).is_ok());
}

#[test]
fn an_issuer_and_an_audience_have_names() {
    let keys = KeySet::generate(Algorithm::EdDsa).unwrap();
    for (issuer, audience) in [("", AUDIENCE), (ISSUER, "")] {
        assert_eq!(Signer::new(&keys, issuer, audience).unwrap_err(), KeyError::Nameless);
        assert_eq!(Verifier::new(&keys, issuer, audience).err(), Some(KeyError::Nameless));
    }
}

#[test]
fn the_forger_can_make_good_ones() {
    let forge = Forge::new();
    assert_eq!(forge.tries(forge.header(), claims()).unwrap().kind(), Kind::User);
    for good in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert!(forge.with_header("typ", json!(good)).is_ok(), "{good}");
    }
    assert!(forge.with_claim("iat", json!(NOW + 60)).is_ok());
    assert!(forge.with_claim("nbf", json!(NOW + 60)).is_ok());
    assert!(forge.with_claim("client_id", json!("ignored")).is_ok());
}

#[test]
fn nothing_secret_shows() {
    for algorithm in ALL {
        let keys = KeySet::generate(algorithm).unwrap();
        let token = signer(&keys).mint(&user(), Uuid::from_u128(3), NOW).unwrap();
        let principal = verifier(&keys).verify(token.expose_secret(), NOW).unwrap();
        let shown =
            format!("{keys:?} {:?} {:?} {token:?} {principal:?}", signer(&keys), keys.to_private_json());
        assert!(shown.contains(first(&keys)["kid"].as_str().unwrap()));
        for part in token.expose_secret().split('.') {
            assert!(!shown.contains(part));
        }
        for member in ["d", "p", "q", "dp", "dq", "qi", "k", "n", "x"] {
            if let Some(value) = first(&keys)[member].as_str() {
                assert!(!shown.contains(value), "{algorithm}: {member} shows");
            }
        }
    }
}
