//! The caller that a verified token describes.
//!
//! Invariant: only a [`Verifier`](crate::Verifier) makes a [`Principal`], from a token whose
//! signature and claims it accepted.
//!
//! This module does not know what a role or scope allows, or whether the session was ended.

use std::fmt;

use uuid::Uuid;

use crate::{claims::Claims, verify::TokenError};

/// The kind of caller: the first half of the `sub` claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person in one tenant, with a role there.
    User,
    /// A program in one tenant, with scopes and no role.
    Service,
    /// The operator of the installation: outside all tenants, without a role.
    Operator,
}

impl Kind {
    /// The word for this kind in the `sub` claim.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::Operator => "operator",
        }
    }

    /// The longest lifetime of a token of this kind, in seconds: 24 hours for users, 366 days for
    /// services and operators.
    pub(crate) fn longest_life(self) -> i64 {
        const DAY: i64 = 24 * 60 * 60;
        match self {
            Self::User => DAY,
            Self::Service | Self::Operator => 366 * DAY,
        }
    }

    /// The kind with this word in the `sub` claim.
    pub(crate) fn named(word: &str) -> Option<Self> {
        [Self::User, Self::Service, Self::Operator].into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A caller whose token was verified.
///
/// There are exactly three shapes:
///
/// - A user has a tenant and a role.
/// - A service has a tenant and scopes, and no role.
/// - An operator has neither a tenant nor a role.
///
/// Other code cannot construct one:
///
/// ```compile_fail,E0451
/// use taskhub_auth::{Kind, Principal};
/// use uuid::Uuid;
///
/// let forged = Principal {
///     kind: Kind::Operator, id: Uuid::nil(), tenant: None, role: None, scopes: None, session:
///     None, token_id: Uuid::nil(), issued_at: 0, expires_at: i64::MAX,
/// };
/// ```
///
/// It cannot convert claims without the verifier:
///
/// ```compile_fail,E0624
/// let _ = taskhub_auth::Principal::of;
/// ```
///
/// It cannot deserialise one:
///
/// ```compile_fail,E0277
/// let forged: taskhub_auth::Principal = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Principal {
    kind: Kind,
    id: Uuid,
    tenant: Option<Uuid>,
    role: Option<String>,
    scopes: Option<Vec<String>>,
    session: Option<Uuid>,
    token_id: Uuid,
    issued_at: i64,
    expires_at: i64,
}

impl Principal {
    /// The kind of caller.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The id of the user, service or operator, unique within its kind.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The tenant of the token; `None` only for an operator.
    pub fn tenant(&self) -> Option<Uuid> {
        self.tenant
    }

    /// The role in that tenant at the time of issue; `Some` only for a user.
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// The scopes that limit the token.
    ///
    /// Always `Some` for a service, where an empty list allows nothing. `None` for a user or an
    /// operator whose token has no `scope` claim: the token is not limited.
    pub fn scopes(&self) -> Option<&[String]> {
        self.scopes.as_deref()
    }

    /// The session (`sid`) of the token, if it has one.
    pub fn session(&self) -> Option<Uuid> {
        self.session
    }

    /// The id of the token (`jti`), by which it can be revoked.
    pub fn token_id(&self) -> Uuid {
        self.token_id
    }

    /// The time of issue (`iat`), in Unix seconds.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// The time of expiry (`exp`), in Unix seconds: the first second at which the token is
    /// rejected.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// The caller that the claims describe.
    ///
    /// # Errors
    ///
    /// [`TokenError::BadClaims`] if the claims have none of the three shapes or a lifetime that is
    /// not allowed.
    pub(crate) fn of(claims: &Claims) -> Result<Self, TokenError> {
        let (kind, id) = claims.subject().ok_or(TokenError::BadClaims)?;
        let scopes = claims.scopes()?;
        let role = claims.role.as_deref();
        let shaped = match kind {
            Kind::User => claims.tenant.is_some() && role.is_some_and(|role| !role.is_empty()),
            Kind::Service => claims.tenant.is_some() && role.is_none() && scopes.is_some(),
            Kind::Operator => claims.tenant.is_none() && role.is_none(),
        };
        let life = claims.exp.checked_sub(claims.iat).ok_or(TokenError::BadClaims)?;
        if !shaped || !(1..=kind.longest_life()).contains(&life) {
            return Err(TokenError::BadClaims);
        }
        Ok(Self {
            kind,
            id,
            tenant: claims.tenant,
            role: claims.role.clone(),
            scopes,
            session: claims.sid,
            token_id: claims.jti,
            issued_at: claims.iat,
            expires_at: claims.exp,
        })
    }
}
