//! Tests of hashing, comparing and assessing passwords.

use secrecy::SecretString;
use taskhub_auth::{Hasher, Match, PasswordError, Weakness};

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn hasher() -> Hasher {
    Hasher::new(2, 16)
}

#[tokio::test]
async fn the_right_one_matches_and_no_other() {
    let hasher = hasher();
    let stored = hasher.hash(secret("tulip ceramic ankle")).await.unwrap();
    for (password, expected) in [
        ("tulip ceramic ankle", Match::Yes),
        ("tulip ceramic ankl", Match::No),
        ("Tulip ceramic ankle", Match::No),
        ("", Match::No),
    ] {
        assert_eq!(hasher.verify(secret(password), Some(stored.clone())).await, Ok(expected), "{password}");
    }
}

#[tokio::test]
async fn it_is_stored_as_owasp_says_under_a_salt_of_its_own() {
    let hasher = hasher();
    let [a, b] = [hasher.hash(secret("same")).await.unwrap(), hasher.hash(secret("same")).await.unwrap()];
    assert!(a.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{a}");
    assert_eq!(a.len(), 97);
    assert_ne!(a, b);
}

#[tokio::test]
async fn nobody_has_no_password() {
    let hasher = hasher();
    for password in ["", "anything", "AAAAAAAAAAAAAAAA"] {
        assert_eq!(hasher.verify(secret(password), None).await, Ok(Match::No));
    }
}

/// A hash by the `argon2` library itself, without TaskHub's code.
#[tokio::test]
async fn one_with_weaker_parameters_matches_and_is_outdated() {
    use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
    let hasher = hasher();
    for (algorithm, version, memory, passes, length, salt, expected) in [
        (Algorithm::Argon2id, Version::V0x13, 19456, 2, 32, 16, Match::Yes),
        (Algorithm::Argon2id, Version::V0x13, 20000, 3, 64, 32, Match::Yes),
        (Algorithm::Argon2id, Version::V0x13, 8192, 2, 32, 16, Match::YesOutdated),
        (Algorithm::Argon2id, Version::V0x13, 65536, 1, 32, 16, Match::YesOutdated),
        (Algorithm::Argon2id, Version::V0x13, 19456, 2, 16, 16, Match::YesOutdated),
        (Algorithm::Argon2id, Version::V0x13, 19456, 2, 32, 8, Match::YesOutdated),
        (Algorithm::Argon2id, Version::V0x10, 19456, 2, 32, 16, Match::YesOutdated),
        (Algorithm::Argon2i, Version::V0x13, 19456, 2, 32, 16, Match::YesOutdated),
        (Algorithm::Argon2d, Version::V0x13, 19456, 2, 32, 16, Match::YesOutdated),
    ] {
        let params = Params::new(memory, passes, 1, Some(length)).unwrap();
        let stored = Argon2::new(algorithm, version, params)
            .hash_password_with_salt(b"password", &vec![7; salt])
            .unwrap()
            .to_string();
        assert_eq!(hasher.verify(secret("password"), Some(stored.clone())).await, Ok(expected), "{stored}");
        assert_eq!(hasher.verify(secret("passwore"), Some(stored)).await, Ok(Match::No));
    }
}

#[tokio::test]
async fn what_is_no_hash_of_ours_is_an_error() {
    let hasher = hasher();
    let tail = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for stored in [
        String::new(),
        "password".to_owned(),
        "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        format!("$argon2id$v=20$m=19456,t=2,p=1{tail}"),
        format!("$argon2x$v=19$m=19456,t=2,p=1{tail}"),
        format!("$scrypt$ln=14,r=8,p=1{tail}"),
        format!("$argon2id$v=19$m=4194304,t=2,p=1{tail}"),
        format!("$argon2id$v=19$m=19456,t=17,p=1{tail}"),
        format!("$argon2id$v=19$m=19456,t=2,p=17{tail}"),
    ] {
        assert_eq!(
            hasher.verify(secret("password"), Some(stored.clone())).await,
            Err(PasswordError::Internal),
            "{stored}"
        );
    }
}

#[tokio::test]
async fn checking_is_judging_elsewhere() {
    let hasher = hasher();
    let check = |password: &'static str| hasher.check(secret(password), vec!["ada@example.com".to_owned()]);
    assert_eq!(check("short").await, Ok(Some(Weakness::TooShort)));
    assert_eq!(check("password123").await, Ok(Some(Weakness::TooCommon)));
    assert_eq!(check("ada@example.com").await, Ok(Some(Weakness::Personal)));
    assert_eq!(check("tulip ceramic ankle voyage").await, Ok(None));
}
