//! Verifying access tokens.
//!
//! Invariant: [`Verifier::verify`] is the only way to authenticate. No claim of a token is used
//! before its signature was verified with a key of the set, by the algorithm of that key
//! (RFC 8725, sections 3.1 to 3.3).
//!
//! This module does not know revocation. The caller checks it each time, also for tokens that were
//! verified before.

use std::sync::Arc;

use jsonwebtoken::{DecodingKey, Header, Validation, decode, decode_header, errors::ErrorKind};
use quick_cache::sync::Cache;

use crate::{
    claims::{Claims, LONGEST, TYPE},
    keys::{KeyError, KeySet, names},
    principal::Principal,
    secret::sha256,
};

/// The greatest difference between the clocks of two servers, in seconds. A token may have been
/// issued this far in the future.
const AHEAD: i64 = 60;

/// The number of verified tokens in the cache.
const REMEMBERED: usize = 10_000;

/// Why a token was rejected or could not be minted.
///
/// For logs and tests. An HTTP response only says that the token is invalid (RFC 6750, section
/// 3.1).
#[derive(thiserror::Error, Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// The token is not a compact JWS (RFC 7515, section 7.1), or its header has a key or a URL of
    /// one (`jku`, `jwk`, `x5u`, `x5c`) or critical extensions (`crit`).
    #[error("the token is malformed")]
    Malformed,
    /// No valid key of the set has the `kid` and `alg` of the header.
    #[error("the token names no key of the key set")]
    UnknownKey,
    /// The signature does not verify with that key.
    #[error("the signature of the token is invalid")]
    BadSignature,
    /// The time of `exp`, or the end of the key, has passed.
    #[error("the token has expired")]
    Expired,
    /// `iat` or `nbf` is more than 60 seconds ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iss` is not the expected issuer.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// `aud` is not the expected audience.
    #[error("the token is for another audience")]
    WrongAudience,
    /// `typ` is not `at+jwt` (RFC 9068, section 2.1): it is a different type of token.
    #[error("the token is not an access token")]
    WrongType,
    /// A claim is missing or malformed, the combination has none of the shapes of [`Principal`], or
    /// the lifetime is too long.
    #[error("the claims of the token are incomplete, malformed or contradictory")]
    BadClaims,
    /// The token is longer than 4096 bytes.
    #[error("the token is too long")]
    TooLong,
    /// No key can sign now, or the key did not sign. Only [`Signer::mint`](crate::Signer::mint)
    /// returns this.
    #[error("the token could not be signed")]
    Signing,
}

/// Verifies tokens from one issuer for one audience.
///
/// Create one and share it, because it caches the tokens that it verified.
pub struct Verifier {
    keys: Vec<Known>,
    issuer: String,
    audience: String,
    /// The principal and the end (Unix seconds) of each verified token. The key is the SHA-256 of
    /// the token, so that the cache stores no token.
    verified: Cache<[u8; 32], (Arc<Principal>, i64)>,
}

/// A key of the set, with the checks for `jsonwebtoken`: only the signature, by the algorithm of
/// the key. This module checks the claims itself.
struct Known {
    kid: String,
    key: DecodingKey,
    validation: Validation,
    until: i64,
}

impl Verifier {
    /// Creates a verifier for tokens from `issuer` (`iss`) for `audience` (`aud`). Both are
    /// compared byte by byte.
    ///
    /// # Errors
    ///
    /// [`KeyError::Nameless`] if the issuer or the audience is empty.
    pub fn new(keys: &KeySet, issuer: &str, audience: &str) -> Result<Self, KeyError> {
        let (issuer, audience) = names(issuer, audience)?;
        let keys = keys
            .verifying()
            .map(|(kid, algorithm, key, window)| {
                let mut validation = Validation::new(algorithm.into());
                validation.required_spec_claims.clear();
                validation.validate_exp = false;
                validation.validate_aud = false;
                Known { kid: kid.to_owned(), key: key.clone(), validation, until: window.until }
            })
            .collect();
        Ok(Self { keys, issuer, audience, verified: Cache::new(REMEMBERED) })
    }

    /// Verifies `token` at `now` (Unix seconds) and returns its principal.
    ///
    /// The first use of a token costs a signature verification, later uses cost a digest. Rejected
    /// tokens are not cached. An accepted token is rejected from the second of its expiry on.
    ///
    /// # Errors
    ///
    /// The first [`TokenError`] that applies, in this order: length, form, type, key, signature,
    /// claims, issuer, audience, time.
    pub fn verify(&self, token: &str, now: i64) -> Result<Arc<Principal>, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::TooLong);
        }
        let digest = sha256(token.as_bytes());
        let known = self.verified.get(&digest);
        let seen = known.is_some();
        let (principal, end) = match known {
            Some(known) => known,
            None => self.first(token, now)?,
        };
        if now >= end {
            self.verified.remove(&digest);
            return Err(TokenError::Expired);
        }
        if !seen {
            self.verified.insert(digest, (Arc::clone(&principal), end));
        }
        Ok(principal)
    }

    /// Does all checks except expiry. Returns the principal and the end (Unix seconds): that of the
    /// token or of its key, whichever is earlier.
    fn first(&self, token: &str, now: i64) -> Result<(Arc<Principal>, i64), TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        let known = self.key(&header, now)?;
        let claims: Claims =
            decode(token, &known.key, &known.validation).map_err(|error| reason(error.kind()))?.claims;
        let principal = Principal::of(&claims)?;
        if claims.iss != self.issuer {
            return Err(TokenError::WrongIssuer);
        }
        if claims.aud != self.audience {
            return Err(TokenError::WrongAudience);
        }
        let latest = now.saturating_add(AHEAD);
        if claims.iat > latest || claims.nbf.is_some_and(|start| start > latest) {
            return Err(TokenError::NotYetValid);
        }
        let end = Ord::min(principal.expires_at(), known.until);
        Ok((Arc::new(principal), end))
    }

    /// The key that the header names, if it is the header of an access token and brings no key or
    /// extension of its own.
    fn key(&self, header: &Header, now: i64) -> Result<&Known, TokenError> {
        let Header { jku, jwk, x5u, x5c, crit, .. } = header;
        if jku.is_some() || jwk.is_some() || x5u.is_some() || x5c.is_some() || crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let named = header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
        if named.strip_prefix("application/").unwrap_or(&named) != TYPE {
            return Err(TokenError::WrongType);
        }
        self.keys
            .iter()
            .find(|known| {
                header.kid.as_ref() == Some(&known.kid) && known.validation.algorithms.contains(&header.alg)
            })
            .filter(|known| now < known.until)
            .ok_or(TokenError::UnknownKey)
    }
}

/// Converts an error of `jsonwebtoken`.
fn reason(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature => TokenError::BadSignature,
        ErrorKind::Json(_) => TokenError::BadClaims,
        _ => TokenError::Malformed,
    }
}
