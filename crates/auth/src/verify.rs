//! Whether a token is ours and good at this moment.
//!
//! Invariant: every entrance uses [`Verifier::verify`], and nothing of a token is believed before its signature was checked
//! with a key of the set, by the algorithm which that key names (RFC 8725, sections 3.1 to 3.3). It must not know about
//! revocation: a principal may have been cut off since, and the caller asks about that each time.

use std::sync::Arc;

use jsonwebtoken::{DecodingKey, Header, Validation, decode, decode_header, errors::ErrorKind};
use quick_cache::sync::Cache;

use crate::{
    claims::{Claims, LONGEST, TYPE},
    keys::{KeyError, KeySet, names},
    principal::Principal,
    secret::sha256,
};

/// How far in the future a token may have been issued, in seconds: the clocks of two servers differ.
const AHEAD: i64 = 60;

/// How many verified tokens are remembered.
const REMEMBERED: usize = 10_000;

/// Why a token was refused, or could not be made. For logs and tests: a caller over HTTP is told no more than that its token
/// is invalid (RFC 6750, section 3.1).
#[derive(thiserror::Error, Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Not three parts of base64url with a JSON header, or a header that brings its own key or an unknown demand.
    #[error("the token is malformed")]
    Malformed,
    /// No key of the set has the header's `kid` and `alg`.
    #[error("the token names no key of ours")]
    UnknownKey,
    /// The signature is not that key's over this header and these claims.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// `exp` has come.
    #[error("the token has expired")]
    Expired,
    /// `iat` or `nbf` is more than 60 seconds ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iss` is another.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// `aud` is another.
    #[error("the token is for another audience")]
    WrongAudience,
    /// `typ` is not `at+jwt`: some other kind of token.
    #[error("the token is not an access token")]
    WrongType,
    /// A claim is missing, of the wrong form, or does not fit the others.
    #[error("the token's claims do not fit together")]
    BadClaims,
    /// Longer than 4096 bytes.
    #[error("the token is too long")]
    TooLong,
    /// The key did not sign. Only [`Signer::mint`](crate::Signer::mint) answers this.
    #[error("the token could not be signed")]
    Signing,
}

/// Verifies tokens from one issuer to one audience. Make one and share it: it remembers what it verified.
pub struct Verifier {
    keys: Vec<Known>,
    issuer: String,
    audience: String,
    /// Whose a token is and when it ends, by its SHA-256: no token lies in memory as a key.
    verified: Cache<[u8; 32], (Arc<Principal>, i64)>,
}

/// A key of the set, and what `jsonwebtoken` shall check with it: the signature alone, by the one algorithm.
struct Known {
    kid: String,
    key: DecodingKey,
    validation: Validation,
    until: i64,
}

impl Verifier {
    /// A verifier for tokens from `issuer` (`iss`) to `audience` (`aud`), both compared exactly.
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

    /// Who presents `token` at `now` (Unix seconds).
    ///
    /// The first use of a token costs a signature check, later ones a digest. A token that was refused is not remembered, and
    /// one that was accepted is refused as soon as it expires.
    ///
    /// # Errors
    ///
    /// The first [`TokenError`] that applies, in the order: length, form, type, key, signature, claims, issuer, audience, time.
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

    /// All checks but expiry, and when it expires: the token itself, or its key.
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

    /// The key that the header names, if the header is one of an access token and makes no demand of its own.
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

/// What went wrong inside the decoding, in our terms.
fn reason(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature => TokenError::BadSignature,
        ErrorKind::Json(_) => TokenError::BadClaims,
        _ => TokenError::Malformed,
    }
}
