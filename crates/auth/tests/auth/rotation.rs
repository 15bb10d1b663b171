//! Tests of key rotation: no token is rejected before it expires, here or at other services.

use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::{Algorithm, Grant, KeyError, KeySet, Signer, Standing, TokenError};
use uuid::Uuid;

use crate::forge::{AUDIENCE, ISSUER, NOW, user, verifier};

/// The time for which other services cache the public document.
const MAX_AGE: i64 = 300;
/// The longest lifetime of a token in these tests.
const LIFE: i64 = 900;

fn mint(keys: &KeySet, now: i64, lifetime: i64) -> SecretString {
    let grant = Grant { lifetime, ..user() };
    Signer::new(keys, ISSUER, AUDIENCE).unwrap().mint(&grant, Uuid::from_u128(3), now).unwrap()
}

/// The set after it was stored and read again.
fn again(keys: &KeySet) -> KeySet {
    KeySet::from_json(keys.to_private_json().expose_secret()).unwrap()
}

fn public(keys: &KeySet, now: i64) -> KeySet {
    KeySet::from_json(&keys.to_jwks(now).to_string()).unwrap()
}

fn standings(keys: &KeySet, now: i64) -> Vec<Standing> {
    keys.states(now).into_iter().map(|key| key.standing).collect()
}

#[test]
fn a_new_key_is_published_before_it_signs_and_the_old_one_stays() {
    let mut keys = KeySet::generate(Algorithm::EdDsa).unwrap();
    let old = mint(&keys, NOW, LIFE);
    keys.rotate(Algorithm::Es256, NOW, 600, LIFE).unwrap();
    let keys = again(&keys);
    assert_eq!(keys.to_jwks(NOW)["keys"].as_array().unwrap().len(), 2);
    assert!(!keys.to_jwks(NOW).to_string().contains("taskhub_"), "when a key signs is nobody else's");
    assert_eq!(standings(&keys, NOW + 599), [Standing::Signs, Standing::Waits(NOW + 600)]);
    assert_eq!(standings(&keys, NOW + 600), [Standing::Verifies, Standing::Signs]);
    let last = mint(&keys, NOW + 599, LIFE);
    assert!(verifier(&keys).verify(old.expose_secret(), NOW + LIFE - 1).is_ok());
    assert!(verifier(&keys).verify(last.expose_secret(), NOW + 599 + LIFE - 1).is_ok());
    let end = NOW + 600 + LIFE + 60;
    assert_eq!(standings(&keys, end), [Standing::Ended, Standing::Signs]);
    assert_eq!(keys.to_jwks(end)["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn a_key_that_has_ended_verifies_nothing_even_what_was_remembered() {
    let mut keys = KeySet::generate(Algorithm::EdDsa).unwrap();
    let token = mint(&keys, NOW, LIFE);
    keys.rotate(Algorithm::EdDsa, NOW, 0, 0).unwrap();
    let verifier = verifier(&keys);
    assert!(verifier.verify(token.expose_secret(), NOW + 59).is_ok());
    assert_eq!(verifier.verify(token.expose_secret(), NOW + 60).unwrap_err(), TokenError::Expired);
    assert_eq!(verifier.verify(token.expose_secret(), NOW + 60).unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn what_signs_alone_is_not_removed() {
    let mut keys = KeySet::generate(Algorithm::EdDsa).unwrap();
    let first = keys.states(NOW)[0].kid.to_owned();
    assert_eq!(keys.remove("other", NOW), Err(KeyError::NoSuchKey("other".to_owned())));
    let second = keys.rotate(Algorithm::EdDsa, NOW, 600, LIFE).unwrap();
    assert_eq!(keys.remove(&first, NOW + 599), Err(KeyError::Needed(first.clone())));
    let token = mint(&keys, NOW, LIFE);
    assert_eq!(keys.remove(&first, NOW + 600), Ok(()));
    let refused = verifier(&keys).verify(token.expose_secret(), NOW + 600).unwrap_err();
    assert_eq!(refused, TokenError::UnknownKey);
    assert_eq!(keys.remove(&second, NOW + 600), Err(KeyError::Needed(second)));
}

#[test]
fn a_set_does_not_grow_without_end() {
    let mut keys = KeySet::generate(Algorithm::EdDsa).unwrap();
    for number in 0..15 {
        keys.rotate(Algorithm::EdDsa, NOW + number, 0, LIFE).unwrap();
    }
    assert_eq!(keys.rotate(Algorithm::EdDsa, NOW + 15, 0, LIFE), Err(KeyError::TooMany(17)));
    keys.rotate(Algorithm::EdDsa, NOW + 10 * LIFE, 0, LIFE).unwrap();
    assert_eq!(keys.states(NOW + 10 * LIFE).len(), 2);
}

#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Mint(i64),
    Rotate(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..700i64).prop_map(Step::Wait),
        (1..=LIFE).prop_map(Step::Mint),
        (MAX_AGE..900i64).prop_map(Step::Rotate),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// At any time every token that has not expired verifies with the set, and with the oldest
    /// public document that another service may have in its cache.
    #[test]
    fn no_token_is_refused_before_it_expires(steps in steps()) {
        let mut now = NOW;
        let mut keys = KeySet::generate(Algorithm::EdDsa).unwrap();
        let mut fetched = vec![(now, public(&keys, now))];
        let mut tokens = Vec::new();
        for step in steps {
            match step {
                Step::Wait(seconds) => now += seconds,
                Step::Mint(lifetime) => tokens.push((mint(&keys, now, lifetime), now + lifetime)),
                // A rotation that fails because the set is full changes nothing.
                Step::Rotate(publish) => drop(keys.rotate(Algorithm::EdDsa, now, publish, LIFE)),
            }
            keys = again(&keys);
            fetched.push((now, public(&keys, now)));
            let theirs = fetched.iter().rfind(|(at, _)| *at <= now - MAX_AGE).unwrap_or(&fetched[0]);
            let (ours, theirs) = (verifier(&keys), verifier(&theirs.1));
            for (token, end) in &tokens {
                prop_assert_eq!(ours.verify(token.expose_secret(), now).is_ok(), now < *end);
                prop_assert_eq!(theirs.verify(token.expose_secret(), now).is_ok(), now < *end);
            }
        }
    }
}
