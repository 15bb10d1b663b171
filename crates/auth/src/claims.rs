//! The claims of an access token (RFC 9068, section 2.2), as they are on the wire.
//!
//! Private to the crate: what leaves it is a [`Principal`](crate::Principal). Both minting and verifying use this one type, so
//! that the signer makes nothing that the verifier would misread.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{principal::Kind, verify::TokenError};

/// The longest token, in bytes, in its compact form.
pub(crate) const LONGEST: usize = 4096;

/// The media type in a token's `typ`, without its `application/` (RFC 9068, section 2.1).
pub(crate) const TYPE: &str = "at+jwt";

/// Claims. Members that are not listed are ignored, as RFC 7519, section 4, asks; one that is listed twice is refused, and so
/// is a time that is not a whole number.
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
    /// Never minted; heeded in a token of another issuer's making (RFC 7519, section 4.1.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<i64>,
}

impl Claims {
    /// The two halves of `sub`, as in `user:01890a5d-ac96-774b-bcce-b302099a8057`. Only the canonical form of a UUID will do:
    /// one caller has one subject.
    pub(crate) fn subject(&self) -> Option<(Kind, Uuid)> {
        let (word, text) = self.sub.split_once(':')?;
        let id = Uuid::try_parse(text).ok()?;
        (id.to_string() == text).then_some((Kind::named(word)?, id))
    }

    /// The parts of `scope`, which one space separates (RFC 6749, section 3.3). An empty claim is an empty list.
    pub(crate) fn scopes(&self) -> Result<Option<Vec<String>>, TokenError> {
        let Some(claim) = self.scope.as_deref() else { return Ok(None) };
        if claim.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let scopes: Vec<String> = claim.split(' ').map(str::to_owned).collect();
        if scopes.iter().all(|scope| is_scope(scope)) { Ok(Some(scopes)) } else { Err(TokenError::BadClaims) }
    }
}

/// Whether `text` is a `scope-token`: printable ASCII without space, quote and backslash (RFC 6749, appendix A.4).
pub(crate) fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}
