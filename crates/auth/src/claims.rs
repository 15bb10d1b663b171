//! The claims of an access token (RFC 9068, section 2.2), as they are serialised.
//!
//! Invariant: minting and verifying use the same type, so that the verifier reads exactly what the
//! signer writes. The type is private to the crate; other crates get a
//! [`Principal`](crate::Principal).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{principal::Kind, verify::TokenError};

/// The greatest length of a token in its compact form, in bytes.
pub(crate) const LONGEST: usize = 4096;

/// The media type in `typ`, without the prefix `application/` (RFC 9068, section 2.1).
pub(crate) const TYPE: &str = "at+jwt";

/// The claims.
///
/// Unknown members are ignored (RFC 7519, section 4). A known member that occurs twice is an error,
/// and so is a time that is not a whole number.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<Uuid>,
    pub(crate) jti: Uuid,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    /// TaskHub never mints this claim, but honours it (RFC 7519, section 4.1.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<i64>,
}

impl Claims {
    /// The kind and the id in `sub`, such as `user:01890a5d-ac96-774b-bcce-b302099a8057`.
    ///
    /// The UUID must be in its canonical form, so that each caller has exactly one subject.
    pub(crate) fn subject(&self) -> Option<(Kind, Uuid)> {
        let (word, text) = self.sub.split_once(':')?;
        let id = Uuid::try_parse(text).ok()?;
        (id.to_string() == text).then_some((Kind::named(word)?, id))
    }

    /// The scopes in `scope`, separated by one space each (RFC 6749, section 3.3). An empty claim
    /// is an empty list; `None` means that there is no claim.
    ///
    /// # Errors
    ///
    /// [`TokenError::BadClaims`] if one of them is not a `scope-token`.
    pub(crate) fn scopes(&self) -> Result<Option<Vec<String>>, TokenError> {
        let Some(claim) = self.scope.as_deref() else { return Ok(None) };
        if claim.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let scopes: Vec<String> = claim.split(' ').map(str::to_owned).collect();
        if scopes.iter().all(|scope| is_scope(scope)) { Ok(Some(scopes)) } else { Err(TokenError::BadClaims) }
    }
}

/// Whether `text` is a `scope-token`: printable ASCII without space, quote and backslash
/// (RFC 6749, appendix A.4).
pub(crate) fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}
