//! Minting access tokens (RFC 9068).
//!
//! Invariant: a [`Verifier`](crate::Verifier) with the same keys, issuer and audience accepts every
//! token of a [`Signer`] until it expires.
//!
//! This module does not know who may get a token. The author of the [`Grant`] decides that.

use jsonwebtoken::{EncodingKey, Header, encode};
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    claims::{Claims, LONGEST, TYPE, is_scope},
    keys::{KeyError, KeySet, Window, names, turn},
    principal::{Kind, Principal},
    verify::TokenError,
};

/// The content of a token. It must have one of the three shapes of [`Principal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The kind of caller.
    pub kind: Kind,
    /// The id of the caller.
    pub id: Uuid,
    /// The tenant: required for a user and a service, absent for an operator.
    pub tenant: Option<Uuid>,
    /// The role: required and not empty for a user, absent for others.
    pub role: Option<String>,
    /// The scopes that limit the token: required for a service, optional for others. Each is a
    /// `scope-token` (RFC 6749, appendix A.4): printable ASCII without space, quote and backslash.
    pub scopes: Option<Vec<String>>,
    /// The session of the token, if it has one.
    pub session: Option<Uuid>,
    /// The lifetime in seconds: at least 1; at most 24 hours for a user, and 366 days for others.
    pub lifetime: i64,
}

/// Signs tokens for one issuer and one audience, with the key of the set that signs at the time.
#[derive(Debug)]
pub struct Signer {
    keys: Vec<Signing>,
    issuer: String,
    audience: String,
}

/// A private key, with the header of its tokens.
#[derive(Debug)]
struct Signing {
    key: EncodingKey,
    header: Header,
    window: Window,
}

impl Signer {
    /// Creates a signer for tokens from `issuer` (`iss`) for `audience` (`aud`).
    ///
    /// # Errors
    ///
    /// [`KeyError::NoSigningKey`] if the set has no private key; [`KeyError::Nameless`] if the
    /// issuer or the audience is empty.
    pub fn new(keys: &KeySet, issuer: &str, audience: &str) -> Result<Self, KeyError> {
        let (issuer, audience) = names(issuer, audience)?;
        let signing = keys.signing().map(|(kid, algorithm, key, window)| {
            let mut header = Header::new(algorithm.into());
            header.typ = Some(TYPE.to_owned());
            header.kid = Some(kid.to_owned());
            Signing { key: key.clone(), header, window }
        });
        let keys: Vec<_> = signing.collect();
        if keys.is_empty() { Err(KeyError::NoSigningKey) } else { Ok(Self { keys, issuer, audience }) }
    }

    /// Mints the token for `grant`, issued at `now` (Unix seconds).
    ///
    /// `token_id` (`jti`) must be new for each token.
    ///
    /// # Errors
    ///
    /// - [`TokenError::BadClaims`] if the grant has none of the three shapes, a lifetime that is
    ///   not allowed, or a malformed scope.
    /// - [`TokenError::TooLong`] if the token would exceed 4096 bytes.
    /// - [`TokenError::Signing`] if no key signs at `now`.
    pub fn mint(&self, grant: &Grant, token_id: Uuid, now: i64) -> Result<SecretString, TokenError> {
        let scope = match grant.scopes.as_deref() {
            Some(scopes) if !scopes.iter().all(|scope| is_scope(scope)) => return Err(TokenError::BadClaims),
            scopes => scopes.map(|scopes| scopes.join(" ")),
        };
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: format!("{}:{}", grant.kind, grant.id),
            tenant: grant.tenant,
            role: grant.role.clone(),
            scope,
            sid: grant.session,
            jti: token_id,
            iat: now,
            exp: now.checked_add(grant.lifetime).ok_or(TokenError::BadClaims)?,
            nbf: None,
        };
        Principal::of(&claims)?;
        let Signing { key, header, .. } =
            turn(self.keys.iter(), |key| key.window, now).ok_or(TokenError::Signing)?;
        let token = encode(header, &claims, key).map_err(|_| TokenError::Signing)?;
        if token.len() > LONGEST { Err(TokenError::TooLong) } else { Ok(SecretString::from(token)) }
    }
}
