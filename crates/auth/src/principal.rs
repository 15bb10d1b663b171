//! Who is calling: what a verified token says, and nothing else.
//!
//! Invariant: a [`Principal`] is made by a [`Verifier`](crate::Verifier) alone, from a token whose signature and claims it
//! accepted. It must not know what its role or scopes allow, nor whether its session still stands.

use std::fmt;

use uuid::Uuid;

use crate::{claims::Claims, verify::TokenError};

/// What sort of caller a token speaks for: the first half of its `sub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person in one tenant, with a role there.
    User,
    /// A program in one tenant, with scopes and no role.
    Service,
    /// Who runs the installation: outside all tenants, without a role.
    Operator,
}

impl Kind {
    /// The word in a token's `sub`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::Operator => "operator",
        }
    }

    /// The longest life of a token of this kind, in seconds: 24 hours for users, 366 days for services and operators.
    pub(crate) fn longest_life(self) -> i64 {
        const DAY: i64 = 24 * 60 * 60;
        match self {
            Self::User => DAY,
            Self::Service | Self::Operator => 366 * DAY,
        }
    }

    /// The kind that a token's `sub` names.
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
/// A user has a tenant and a role; a service a tenant and scopes, and no role; an operator neither tenant nor role. There is
/// no other shape.
///
/// It cannot be built elsewhere,
///
/// ```compile_fail,E0451
/// use taskhub_auth::{Kind, Principal};
/// use uuid::Uuid;
///
/// let forged = Principal {
///     kind: Kind::Operator, id: Uuid::nil(), tenant: None, role: None, scopes: None, session: None,
///     token_id: Uuid::nil(), issued_at: 0, expires_at: i64::MAX,
/// };
/// ```
///
/// nor made from claims past the verifier,
///
/// ```compile_fail,E0624
/// let _ = taskhub_auth::Principal::of;
/// ```
///
/// nor read from a document:
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
    /// What sort of caller this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The user's, service's or operator's own id, unique within its kind.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The tenant that the token is for; `None` for an operator alone.
    pub fn tenant(&self) -> Option<Uuid> {
        self.tenant
    }

    /// The role in that tenant when the token was issued; `Some` for a user alone.
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// What the token is narrowed to: always `Some` for a service, where an empty list means nothing; `None` for a user or an
    /// operator whose token has no `scope` claim, which means not narrowed.
    pub fn scopes(&self) -> Option<&[String]> {
        self.scopes.as_deref()
    }

    /// The session (`sid`) that the token belongs to, if any.
    pub fn session(&self) -> Option<Uuid> {
        self.session
    }

    /// The token's own id (`jti`), by which it is revoked.
    pub fn token_id(&self) -> Uuid {
        self.token_id
    }

    /// When the token was issued (`iat`), in Unix seconds.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// When the token ends (`exp`), in Unix seconds: the first second at which it is refused.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// The caller that the claims describe, if they have one of the three shapes and a permitted life.
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
