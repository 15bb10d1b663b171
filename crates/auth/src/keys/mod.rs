//! Which keys sign and verify: a set of JSON Web Keys (RFC 7517).
//!
//! Invariant: a [`KeySet`] exists only if every rule below holds for every key in it, so nothing that uses one asks again.
//! Libraries let most of these pass. It must not know where the set is kept, nor what its signatures are for.
//!
//! A key is refused
//!
//! - without a `kid`, or with one that another key of the set has;
//! - without an `alg`, or with one that does not fit its `kty` and `crv`: one algorithm a key (RFC 8725, section 3.1);
//! - if its `use` is other than `sig`; if it has `key_ops` that repeat, name anything but `sign` and `verify`, or lack what the
//!   key is there for: `sign` if it is private, `verify` if it is public, both if it is symmetric (RFC 7517, section 4.3);
//! - if it is too weak: HMAC under 32 bytes, RSA under 2048 bits or with an exponent that is even or under 3;
//! - if a member is missing, not base64url without padding, or of the wrong size; if a point is not on its curve;
//! - if its private members don't fit its public ones, or a signature of it does not verify.
//!
//! A set has 1 to 16 keys. All verify, and of the private ones the one signs whose turn it is: see [`KeySet::rotate`].

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

/// The most keys that a set may have.
const MOST: usize = 16;

/// Why a key set was refused or could not be used. Names the key and the rule, never the material.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// Not JSON, or not a set of keys whose members are of the right types. The place is all that is told of the text.
    #[error("the key set is not a JSON Web Key set: line {line}, column {column}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// Counted from 1; 0 if the place is a line's end.
        column: usize,
    },
    /// `{"keys": []}`. Also what is left of a set of HMAC keys in its public document.
    #[error("the key set has no key")]
    Empty,
    /// More keys than anybody rotates.
    #[error("the key set has {0} keys, at most 16 are allowed")]
    TooMany(usize),
    /// A key without a `kid`, with an empty one, or with one of more than 128 bytes.
    #[error("key {0} of the set has no `kid` of 1 to 128 bytes")]
    MissingKid(
        /// The key's place in the set, counted from 1.
        usize,
    ),
    /// Two keys with one `kid`: which one verifies would be chance.
    #[error("key {0:?} is in the set twice")]
    DuplicateKid(String),
    /// A key that breaks a rule.
    #[error("key {kid:?}: {reason}")]
    Refused {
        /// Which key.
        kid: String,
        /// Which rule, as the end of a sentence.
        reason: &'static str,
    },
    /// A signer was asked of a set that has public keys alone.
    #[error("the key set has no private key to sign with")]
    NoSigningKey,
    /// A signer or a verifier was asked for with an empty issuer or audience, which any other token could match.
    #[error("the issuer and the audience must not be empty")]
    Nameless,
    /// A key was to be removed that is not there.
    #[error("there is no key {0:?}")]
    NoSuchKey(String),
    /// A key was to be removed without which nothing could be signed.
    #[error("key {0:?} signs at this moment, and no other could: rotate first")]
    Needed(String),
    /// A name that is none of `EdDSA`, `ES256`, `RS256` and `HS256`.
    #[error("no such signature algorithm; there are EdDSA, ES256, RS256 and HS256")]
    UnknownAlgorithm,
    /// The cryptographic library made no key.
    #[error("no key could be generated")]
    Generation,
}

/// A set of keys, all of which keep the rules of this module. `Debug` shows ids and algorithms only.
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// One fresh private key, RSA with 2048 bits.
    ///
    /// Its `kid` is its thumbprint (RFC 7638). An HMAC key has a random one, since a thumbprint of a secret tells of the secret.
    ///
    /// # Errors
    ///
    /// [`KeyError::Generation`] if the cryptographic library fails.
    pub fn generate(alg: Algorithm) -> Result<Self, KeyError> {
        let key = Key::load(generate::fresh(alg).ok_or(KeyError::Generation)?)?;
        Ok(Self { keys: vec![key] })
    }

    /// Reads a JWK set (RFC 7517, section 5) of private or public keys, or both.
    ///
    /// # Errors
    ///
    /// The [`KeyError`] of the first rule that is broken.
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

    /// The whole set with its private members, as indented JSON: what the key file holds. Keep it readable by its owner alone.
    pub fn to_private_json(&self) -> SecretString {
        #[derive(Serialize)]
        struct Document<'a> {
            keys: Vec<PrivateJwk<'a>>,
        }
        let keys = self.keys.iter().map(|key| key.jwk().private()).collect();
        SecretString::from(serde_json::to_string_pretty(&Document { keys }).unwrap_or_default())
    }

    /// The public document, for `/.well-known/jwks.json`: the public members of all asymmetric keys that are good at `now`. The type that it is written
    /// from has no private member. Symmetric keys are not in it; they have no public half.
    pub fn to_jwks(&self, now: i64) -> Value {
        let present = self.keys.iter().filter(|key| key.window().until > now);
        let keys: Vec<_> = present.filter_map(|key| key.jwk().public()).collect();
        json!({ "keys": keys })
    }

    /// Whether there is a private key to sign with.
    pub fn signs(&self) -> bool {
        self.signing().next().is_some()
    }

    /// The private keys, to sign with when it is their turn.
    pub(crate) fn signing(&self) -> impl Iterator<Item = (&str, Algorithm, &EncodingKey, Window)> {
        self.keys.iter().filter_map(|key| Some((key.kid(), key.algorithm(), key.signing()?, key.window())))
    }

    /// All keys, to verify with while they are good.
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

/// The issuer and the audience of a signer or a verifier.
pub(crate) fn names(issuer: &str, audience: &str) -> Result<(String, String), KeyError> {
    if issuer.is_empty() || audience.is_empty() {
        return Err(KeyError::Nameless);
    }
    Ok((issuer.to_owned(), audience.to_owned()))
}
