//! Sets of JSON Web Keys (RFC 7517), which sign and verify tokens.
//!
//! Invariant: a [`KeySet`] exists only if every key in it keeps the rules below, so that no user of
//! a set has to check them. Most libraries do not enforce them.
//!
//! - A key has a `kid` of 1 to 128 bytes, which no other key of the set has.
//! - A key has an `alg` that matches its `kty` and `crv`: it is for one algorithm (RFC 8725,
//!   section 3.1).
//! - The `use` of a key is absent or `sig`.
//! - The `key_ops` of a key are absent, or contain only `sign` and `verify`, each at most once. A
//!   private key has `sign`, a public key `verify`, and a symmetric key both (RFC 7517, section
//!   4.3).
//! - An HMAC key has at least 32 bytes. An RSA key has 2048 to 8192 bits and an odd exponent of at
//!   least 3.
//! - All required members are base64url without padding and have the right size. An EC point is on
//!   its curve.
//! - The private members match the public ones, and a signature made with the key verifies.
//!
//! A set has 1 to 16 keys. All of them verify, and one of the private ones signs at a time: see
//! [`KeySet::rotate`].
//!
//! This module does not know where a set is stored or what its signatures are for.

mod algorithm;
mod der;
mod generate;
mod jwk;
mod key;
mod material;
mod rotation;

use std::{collections::HashSet, fmt};

use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use algorithm::Algorithm;
use jwk::{Jwk, PrivateJwk};
use key::Key;
pub use rotation::{KeyState, Standing};
pub(crate) use rotation::{Window, turn};

/// The greatest number of keys in a set.
const MOST: usize = 16;

/// Why a key set was rejected or cannot be used. It names the key and the rule, and never contains
/// key material.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// The text is not JSON, or not a set of keys with members of the right types. The error has
    /// only the position, because the text may contain secrets.
    #[error("the key set is not a JSON Web Key set: line {line}, column {column}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 at the end of a line.
        column: usize,
    },
    /// The set has no keys. The public document of a set of HMAC keys is empty too.
    #[error("the key set has no key")]
    Empty,
    /// The set has more than 16 keys.
    #[error("the key set has {0} keys, at most 16 are allowed")]
    TooMany(usize),
    /// The `kid` of a key is missing, empty or longer than 128 bytes.
    #[error("key {0} of the set must have a `kid` of 1 to 128 bytes")]
    MissingKid(
        /// The position of the key in the set, from 1.
        usize,
    ),
    /// Two keys have the same `kid`, so that a token would not identify its key.
    #[error("two keys of the set have the `kid` {0:?}")]
    DuplicateKid(String),
    /// A key breaks a rule.
    #[error("key {kid:?}: {reason}")]
    Refused {
        /// The `kid` of the key.
        kid: String,
        /// The rule, in words that follow the `kid` in a message.
        reason: &'static str,
    },
    /// The set has only public keys, and a signer needs a private one.
    #[error("the key set has no private key to sign with")]
    NoSigningKey,
    /// The issuer or the audience of a signer or verifier is empty.
    #[error("the issuer and the audience must not be empty")]
    Nameless,
    /// The key to remove is not in the set.
    #[error("the key set has no key {0:?}")]
    NoSuchKey(String),
    /// The key to remove is the only one that can sign now.
    #[error("key {0:?} is the only key that can sign now: rotate the keys before you remove it")]
    Needed(String),
    /// The name is not `EdDSA`, `ES256`, `RS256` or `HS256`.
    #[error("unknown signature algorithm: must be EdDSA, ES256, RS256 or HS256")]
    UnknownAlgorithm,
    /// The cryptographic library did not generate a key.
    #[error("no key could be generated")]
    Generation,
}

/// A set of keys that all keep the rules of this module. `Debug` shows only their ids and
/// algorithms.
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// Generates a set with one private key. An RSA key has 2048 bits.
    ///
    /// Its `kid` is its thumbprint (RFC 7638). The `kid` of an HMAC key is random, because a
    /// thumbprint would reveal a digest of the secret.
    ///
    /// # Errors
    ///
    /// [`KeyError::Generation`] if the cryptographic library fails.
    pub fn generate(alg: Algorithm) -> Result<Self, KeyError> {
        let key = Key::load(generate::fresh(alg).ok_or(KeyError::Generation)?)?;
        Ok(Self { keys: vec![key] })
    }

    /// Parses a JWK set (RFC 7517, section 5) of private keys, public keys, or both.
    ///
    /// # Errors
    ///
    /// The [`KeyError`] of the first rule that the set breaks.
    pub fn from_json(text: &str) -> Result<Self, KeyError> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Jwk>,
        }
        let document: Document = serde_json::from_str(text)
            .map_err(|error| KeyError::Malformed { line: error.line(), column: error.column() })?;
        match document.keys.len() {
            0 => return Err(KeyError::Empty),
            many if many > MOST => return Err(KeyError::TooMany(many)),
            _ => {}
        }
        let mut seen = HashSet::new();
        for (place, jwk) in document.keys.iter().enumerate() {
            if !(1..=128).contains(&jwk.kid().len()) {
                return Err(KeyError::MissingKid(place + 1));
            }
            if !seen.insert(jwk.kid()) {
                return Err(KeyError::DuplicateKid(jwk.kid().to_owned()));
            }
        }
        Ok(Self { keys: document.keys.into_iter().map(Key::load).collect::<Result<_, _>>()? })
    }

    /// The set with its private members, as indented JSON, for the key file. Only the owner of the
    /// file may be able to read it.
    pub fn to_private_json(&self) -> SecretString {
        #[derive(Serialize)]
        struct Document<'a> {
            keys: Vec<PrivateJwk<'a>>,
        }
        let keys = self.keys.iter().map(|key| key.jwk().private()).collect();
        SecretString::from(serde_json::to_string_pretty(&Document { keys }).unwrap_or_default())
    }

    /// The public document for `/.well-known/jwks.json`: the public members of all asymmetric keys
    /// that are valid at `now` (Unix seconds).
    ///
    /// It is serialised from a type without private members. It has no symmetric keys, because
    /// these have no public half.
    pub fn to_jwks(&self, now: i64) -> Value {
        let present = self.keys.iter().filter(|key| key.window().until > now);
        let keys: Vec<_> = present.filter_map(|key| key.jwk().public()).collect();
        json!({ "keys": keys })
    }

    /// Whether the set has a private key.
    pub fn signs(&self) -> bool {
        self.signing().next().is_some()
    }

    /// The private keys, with the time in which each may sign.
    pub(crate) fn signing(&self) -> impl Iterator<Item = (&str, Algorithm, &EncodingKey, Window)> {
        self.keys.iter().filter_map(|key| Some((key.kid(), key.algorithm(), key.signing()?, key.window())))
    }

    /// All keys, with the time in which each verifies.
    pub(crate) fn verifying(&self) -> impl Iterator<Item = (&str, Algorithm, &DecodingKey, Window)> {
        self.keys.iter().map(|key| (key.kid(), key.algorithm(), key.verifying(), key.window()))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.keys.iter().map(|key| (key.kid(), key.algorithm()));
        f.write_str("KeySet ")?;
        f.debug_map().entries(shown).finish()
    }
}

/// Checks the issuer and the audience of a signer or a verifier.
///
/// # Errors
///
/// [`KeyError::Nameless`] if one is empty.
pub(crate) fn names(issuer: &str, audience: &str) -> Result<(String, String), KeyError> {
    if issuer.is_empty() || audience.is_empty() {
        return Err(KeyError::Nameless);
    }
    Ok((issuer.to_owned(), audience.to_owned()))
}
