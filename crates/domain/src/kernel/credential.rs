//! Opaque credentials: refresh tokens, personal access tokens, client secrets, single-use links.
//!
//! Invariant: a credential is valid for one purpose. It names a row of a tenant, and holds 256
//! secret bits and a seal under the installation's secret. Its prefix and its seal both bind its
//! purpose. So a credential that is forged or has another purpose is refused before any lookup.
//! Only its SHA-256 is stored.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::{
    Grant,
    secret::{digest, equal, mac, random},
};
use uuid::Uuid;

use crate::Timestamp;

const SECRET: usize = 32;
const SEAL: usize = 16;

/// The purpose of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Refreshing the session that it names.
    Refresh,
    /// Calling as the user of the personal access token that it names.
    Access,
    /// Authenticating as the service account that it names.
    Service,
    /// Joining the tenant with the invitation that it names.
    Invitation,
    /// Verifying an email with the link that it names.
    VerifyEmail,
    /// Setting a new password with the link that it names.
    ResetPassword,
}

impl Purpose {
    /// The prefix of its credentials, for people and for secret scanners.
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

/// The result of an exchange: the claims of an access token, which all held at the time of issue.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The claims of the token.
    pub grant: Grant,
    /// The time of issue. Any later change revokes the token.
    pub at: Timestamp,
}

/// A credential with a valid seal. Whether its row still accepts it is decided by
/// [`Credential::matches`].
pub struct Credential {
    purpose: Purpose,
    tenant: Uuid,
    row: Uuid,
    secret: [u8; SECRET],
    seal: [u8; SEAL],
}

impl Credential {
    /// Creates a credential for a row.
    pub(crate) fn new(purpose: Purpose, tenant: Uuid, row: Uuid, installation: &[u8]) -> Self {
        Self::sealed(purpose, tenant, row, random(), installation)
    }

    /// The successor of this credential. It is the same on every call.
    pub(crate) fn successor(&self, installation: &[u8]) -> Self {
        let prefix = self.purpose.prefix().as_bytes();
        let parts =
            [b"successor".as_slice(), prefix, self.tenant.as_bytes(), self.row.as_bytes(), &self.secret];
        Self::sealed(self.purpose, self.tenant, self.row, mac(installation, &parts), installation)
    }

    /// Parses a credential that this installation issued for the purpose. `None` for anything else.
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

    /// The tenant of the credential.
    pub(crate) fn tenant(&self) -> Uuid {
        self.tenant
    }

    /// The id of the row that it names.
    pub(crate) fn row(&self) -> Uuid {
        self.row
    }

    /// The digest that is stored.
    pub(crate) fn digest(&self) -> String {
        digest(&self.text())
    }

    /// Whether this is the credential of a stored digest.
    pub(crate) fn matches(&self, kept: &str) -> bool {
        equal(self.digest().as_bytes(), kept.as_bytes())
    }

    /// The text for its owner. It is shown once.
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
