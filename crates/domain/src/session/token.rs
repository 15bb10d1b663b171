//! The refresh token: opaque to clients, and to the server a name of its session, 256 secret bits and a seal.
//!
//! The seal tells a token that this installation gave out from one that was made up, before anything is looked up.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::secret::{digest, equal, mac, random};
use uuid::Uuid;

use crate::{Result, error::Kind};

const PREFIX: &str = "thr_";
const SECRET: usize = 32;
const SEAL: usize = 16;

/// A refresh token that bears a good seal.
pub(super) struct RefreshToken {
    pub(super) tenant: Uuid,
    pub(super) session: Uuid,
    secret: [u8; SECRET],
    seal: [u8; SEAL],
}

impl RefreshToken {
    /// The first token of a session.
    pub(super) fn new(tenant: Uuid, session: Uuid, installation: &[u8]) -> Self {
        Self::sealed(tenant, session, random(), installation)
    }

    /// The token that a rotation puts in this one's place: the same one, however often it is asked for.
    pub(super) fn successor(&self, installation: &[u8]) -> Self {
        let parts =
            [b"refresh successor", self.tenant.as_bytes().as_slice(), self.session.as_bytes(), &self.secret];
        Self::sealed(self.tenant, self.session, mac(installation, &parts), installation)
    }

    /// Reads a token.
    ///
    /// # Errors
    /// `InvalidRefreshToken` for what this installation did not give out.
    pub(super) fn parse(token: &SecretString, installation: &[u8]) -> Result<Self> {
        let parse = || {
            let bytes = URL_SAFE_NO_PAD.decode(token.expose_secret().strip_prefix(PREFIX)?).ok()?;
            let (tenant, rest) = bytes.split_first_chunk::<16>()?;
            let (session, rest) = rest.split_first_chunk::<16>()?;
            let (secret, rest) = rest.split_first_chunk::<SECRET>()?;
            let token =
                Self::sealed(Uuid::from_bytes(*tenant), Uuid::from_bytes(*session), *secret, installation);
            equal(rest, &token.seal).then_some(token)
        };
        parse().ok_or_else(|| Kind::InvalidRefreshToken.into())
    }

    fn sealed(tenant: Uuid, session: Uuid, secret: [u8; SECRET], installation: &[u8]) -> Self {
        let parts = [b"refresh seal", tenant.as_bytes().as_slice(), session.as_bytes(), &secret];
        let whole = mac(installation, &parts);
        let seal = std::array::from_fn(|i| whole.get(i).copied().unwrap_or_default());
        Self { tenant, session, secret, seal }
    }

    /// What is kept of it.
    pub(super) fn digest(&self) -> String {
        digest(&self.text())
    }

    /// What the client gets.
    pub(super) fn into_secret(self) -> SecretString {
        self.text().into()
    }

    fn text(&self) -> String {
        let bytes =
            [self.tenant.as_bytes().as_slice(), self.session.as_bytes(), &self.secret, &self.seal].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_successor_is_one_and_another() {
        let token = RefreshToken::new(Uuid::from_u128(1), Uuid::from_u128(2), b"key");
        assert_eq!(token.successor(b"key").text(), token.successor(b"key").text());
        assert_ne!(token.successor(b"key").text(), token.text());
        assert_ne!(token.successor(b"key").text(), token.successor(b"other").text());
    }

    proptest! {
        #[test]
        fn only_what_was_given_out_is_read(position in 4usize..110, other in "[A-Za-z0-9_-]") {
            let token = RefreshToken::new(Uuid::from_u128(1), Uuid::from_u128(2), b"key");
            let text = token.text();
            prop_assert!(RefreshToken::parse(&text.clone().into(), b"key").is_ok());
            prop_assert!(RefreshToken::parse(&text.clone().into(), b"other").is_err());
            let mut changed = text.clone();
            changed.replace_range(position..=position, &other);
            prop_assert_eq!(RefreshToken::parse(&changed.clone().into(), b"key").is_ok(), changed == text);
        }

        #[test]
        fn rubbish_is_refused(text in ".*") {
            prop_assert!(RefreshToken::parse(&text.into(), b"key").is_err());
        }
    }
}
