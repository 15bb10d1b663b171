//! Opaque credentials: refresh tokens, personal access tokens, secrets of service accounts,
//! single-use links.
//!
//! Invariant: a credential is good for the purpose that it was made for and for no other. It names
//! a row of a tenant and bears 256 secret bits and a seal under the installation's secret; its
//! prefix and its seal both tell its purpose. So one that was made up, or made for something else,
//! is refused before anything is looked up. What is kept of it is its SHA-256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::{
    Grant,
    secret::{digest, equal, mac, random},
};
use uuid::Uuid;

use crate::Instant;

const SECRET: usize = 32;
const SEAL: usize = 16;

/// What a credential is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Refreshing the session that it names.
    Refresh,
    /// Calling as the user of the personal access token that it names.
    Access,
    /// Signing in as the service account that it names.
    Service,
    /// Joining the tenant by the invitation that it names.
    Invitation,
    /// Verifying an email by the link that it names.
    VerifyEmail,
    /// Setting a new password by the link that it names.
    ResetPassword,
}

impl Purpose {
    /// What its credentials begin with: for people, and for scanners that look for secrets where
    /// none should be.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "thr_",
            Self::Access => "thp_",
            Self::Service => "ths_",
            Self::Invitation => "thi_",
            Self::VerifyEmail => "thv_",
            Self::ResetPassword => "thw_",
        }
    }
}

/// What a credential is exchanged for: an access token as of an instant at which all that it says
/// was so.
#[derive(Clone, Debug)]
pub struct Granted {
    /// What the token shall say.
    pub grant: Grant,
    /// When it is issued. What changes later than this, revokes it.
    pub at: Instant,
}

/// A credential that bears a good seal. Whether its row still takes it is another question: see
/// [`Credential::matches`].
pub struct Credential {
    purpose: Purpose,
    tenant: Uuid,
    row: Uuid,
    secret: [u8; SECRET],
    seal: [u8; SEAL],
}

impl Credential {
    /// A new one for a row.
    pub(crate) fn new(purpose: Purpose, tenant: Uuid, row: Uuid, installation: &[u8]) -> Self {
        Self::sealed(purpose, tenant, row, random(), installation)
    }

    /// The one that takes this one's place: the same one, however often it is asked for.
    pub(crate) fn successor(&self, installation: &[u8]) -> Self {
        let prefix = self.purpose.prefix().as_bytes();
        let parts =
            [b"successor".as_slice(), prefix, self.tenant.as_bytes(), self.row.as_bytes(), &self.secret];
        Self::sealed(self.purpose, self.tenant, self.row, mac(installation, &parts), installation)
    }

    /// Reads one that this installation gave out for the purpose; `None` for anything else.
    pub(crate) fn parse(purpose: Purpose, text: &SecretString, installation: &[u8]) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.expose_secret().strip_prefix(purpose.prefix())?).ok()?;
        let (tenant, rest) = bytes.split_first_chunk::<16>()?;
        let (row, rest) = rest.split_first_chunk::<16>()?;
        let (secret, rest) = rest.split_first_chunk::<SECRET>()?;
        let (tenant, row) = (Uuid::from_bytes(*tenant), Uuid::from_bytes(*row));
        let credential = Self::sealed(purpose, tenant, row, *secret, installation);
        equal(rest, &credential.seal).then_some(credential)
    }

    fn sealed(purpose: Purpose, tenant: Uuid, row: Uuid, secret: [u8; SECRET], installation: &[u8]) -> Self {
        let prefix = purpose.prefix().as_bytes();
        let whole =
            mac(installation, &[b"seal".as_slice(), prefix, tenant.as_bytes(), row.as_bytes(), &secret]);
        let seal = std::array::from_fn(|i| whole.get(i).copied().unwrap_or_default());
        Self { purpose, tenant, row, secret, seal }
    }

    /// The tenant that it is for.
    pub(crate) fn tenant(&self) -> Uuid {
        self.tenant
    }

    /// The row that it names.
    pub(crate) fn row(&self) -> Uuid {
        self.row
    }

    /// What is kept of it.
    pub(crate) fn digest(&self) -> String {
        digest(&self.text())
    }

    /// Whether it is the one of which this digest was kept.
    pub(crate) fn matches(&self, kept: &str) -> bool {
        equal(self.digest().as_bytes(), kept.as_bytes())
    }

    /// What its owner gets, this once.
    pub(crate) fn into_secret(self) -> SecretString {
        self.text().into()
    }

    fn text(&self) -> String {
        let bytes =
            [self.tenant.as_bytes().as_slice(), self.row.as_bytes(), &self.secret, &self.seal].concat();
        format!("{}{}", self.purpose.prefix(), URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Purpose; 6] = [
        Purpose::Refresh,
        Purpose::Access,
        Purpose::Service,
        Purpose::Invitation,
        Purpose::VerifyEmail,
        Purpose::ResetPassword,
    ];

    fn made(purpose: Purpose) -> Credential {
        Credential::new(purpose, Uuid::from_u128(1), Uuid::from_u128(2), b"key")
    }

    #[test]
    fn the_successor_is_one_and_another() {
        let token = made(Purpose::Refresh);
        assert_eq!(token.successor(b"key").text(), token.successor(b"key").text());
        assert_ne!(token.successor(b"key").text(), token.text());
        assert_ne!(token.successor(b"key").text(), token.successor(b"other").text());
    }

    #[test]
    fn it_is_good_for_its_purpose_alone() {
        for purpose in ALL {
            let text = made(purpose).text();
            for other in ALL {
                assert_eq!(
                    Credential::parse(other, &text.clone().into(), b"key").is_some(),
                    other == purpose
                );
                let disguised = text.replacen(purpose.prefix(), other.prefix(), 1);
                let parsed = Credential::parse(other, &disguised.into(), b"key");
                assert_eq!(parsed.is_some(), other == purpose, "{purpose:?} as {other:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn only_what_was_given_out_is_read(position in 4usize..110, other in "[A-Za-z0-9_-]") {
            let text = made(Purpose::Refresh).text();
            let parse = |text: &str, key| Credential::parse(Purpose::Refresh, &text.to_owned().into(), key);
            prop_assert!(parse(&text, b"key").is_some());
            prop_assert!(parse(&text, b"other").is_none());
            let mut changed = text.clone();
            changed.replace_range(position..=position, &other);
            prop_assert_eq!(parse(&changed, b"key").is_some(), changed == text);
        }

        #[test]
        fn rubbish_is_refused(text in ".*") {
            prop_assert!(Credential::parse(Purpose::Refresh, &text.into(), b"key").is_none());
        }
    }
}
