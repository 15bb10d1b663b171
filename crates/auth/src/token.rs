//! Making access tokens (RFC 9068).
//!
//! Invariant: what a [`Signer`] mints, a [`Verifier`](crate::Verifier) of the same keys, issuer and audience accepts, until it
//! expires. It must not know who deserves a token: that was decided when the [`Grant`] was written.

use jsonwebtoken::{EncodingKey, Header, encode};
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    claims::{Claims, LONGEST, TYPE, is_scope},
    keys::{KeyError, KeySet, Window, names, turn},
    principal::{Kind, Principal},
    verify::TokenError,
};

/// What a token shall say. Its shape must be one of the three of [`Principal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What sort of caller.
    pub kind: Kind,
    /// The caller's own id.
    pub id: Uuid,
    /// The tenant: for a user and a service, not for an operator.
    pub tenant: Option<Uuid>,
    /// The role: for a user alone, and not empty.
    pub role: Option<String>,
    /// What the token is narrowed to: always for a service, at will for others. Each one a `scope-token` (RFC 6749, appendix
    /// A.4): printable ASCII without space, quote and backslash.
    pub scopes: Option<Vec<String>>,
    /// The session that the token belongs to, if any.
    pub session: Option<Uuid>,
    /// How long the token is good for, in seconds: 1 up to 24 hours for a user, up to 366 days for others.
    pub lifetime: i64,
}

/// Signs tokens with the key of the set whose turn it is, for one issuer and one audience.
#[derive(Debug)]
pub struct Signer {
    keys: Vec<Signing>,
    issuer: String,
    audience: String,
}

/// A private key, and the header of what it signs.
#[derive(Debug)]
struct Signing {
    key: EncodingKey,
    header: Header,
    window: Window,
}

impl Signer {
    /// A signer for tokens from `issuer` (`iss`) to `audience` (`aud`).
    ///
    /// # Errors
    ///
    /// [`KeyError::NoSigningKey`] if the set is public; [`KeyError::Nameless`] if the issuer or the audience is empty.
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

    /// The token for `grant`, issued at `now` (Unix seconds) under the id `token_id` (`jti`), which must be fresh.
    ///
    /// # Errors
    ///
    /// [`TokenError::BadClaims`] if the grant has none of the three shapes or too long a life, [`TokenError::TooLong`] if the
    /// token would exceed 4096 bytes, [`TokenError::Signing`] if no key signs at this moment.
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
