//! The stored form of a second factor's secret and recovery codes, and how a code is used up.

use data_encoding::BASE32_NOPAD;
use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::{
    Cipher, Totp,
    secret::{digest, equal, random},
};

use super::SecondFactor;
use crate::{Error, Result, Timestamp, kernel::repository::json::AsJson};

/// How many recovery codes a user gets.
const RECOVERY_CODES: usize = 10;
/// The random bytes of a recovery code: 80 bits.
const RECOVERY: usize = 10;
/// Characters between two hyphens of a recovery code.
const GROUP: usize = 4;

impl SecondFactor {
    /// The purpose under which the secret is sealed. It binds the secret to its user.
    fn purpose(&self) -> [&[u8]; 3] {
        [b"totp", self.tenant_id.as_bytes(), self.id.as_bytes()]
    }

    /// Returns the unconfirmed row with another secret.
    pub(super) fn with_secret(self, totp: &Totp, cipher: &Cipher) -> Result<Self> {
        let sealed = cipher.seal(totp.text().expose_secret(), &self.purpose()).map_err(Error::internal)?;
        Ok(Self { sealed_secret: sealed, last_step: 0, ..self })
    }

    /// Returns the row after the use of a time-based code, or `None` if the code is invalid or was
    /// used.
    pub(super) fn after_totp(&self, cipher: &Cipher, code: &str, now: Timestamp) -> Result<Option<Self>> {
        let text = cipher.open(&self.sealed_secret, &self.purpose()).map_err(Error::internal)?;
        let totp = Totp::parse(text.expose_secret())
            .ok_or_else(|| Error::internal("the sealed text is not a TOTP secret"))?;
        let step = totp.step_of(code, now.seconds(), self.last_step);
        Ok(step.map(|last_step| Self { last_step, ..self.clone() }))
    }

    /// Returns the row after the use of a code of either kind, or `None` if the code is invalid.
    pub(super) fn after_code(
        &self,
        cipher: &Cipher,
        code: &SecretString,
        now: Timestamp,
    ) -> Result<Option<Self>> {
        let code = plain(code.expose_secret());
        if let Some(after) = self.after_totp(cipher, &code, now)? {
            return Ok(Some(after));
        }
        let used = digest(&code);
        let left: Vec<_> = self
            .recovery_hashes
            .0
            .iter()
            .filter(|kept| !equal(kept.as_bytes(), used.as_bytes()))
            .cloned()
            .collect();
        let was_one = left.len() < self.recovery_hashes.0.len();
        Ok(was_one.then(|| Self { recovery_hashes: AsJson(left), ..self.clone() }))
    }

    /// Returns the row with new recovery codes that replace all others, and the codes to be shown.
    pub(super) fn with_recovery_codes(self) -> (Self, Vec<SecretString>) {
        let codes: Vec<_> = (0..RECOVERY_CODES).map(|_| BASE32_NOPAD.encode(&random::<RECOVERY>())).collect();
        let hashes = codes.iter().map(|code| digest(code)).collect();
        let shown = codes.iter().map(|code| grouped(code).into()).collect();
        (Self { recovery_hashes: AsJson(hashes), ..self }, shown)
    }
}

/// A code as it is shown to people.
fn grouped(code: &str) -> String {
    let letters = code.char_indices().flat_map(|(at, letter)| {
        [(at > 0 && at % GROUP == 0).then_some('-'), Some(letter)].into_iter().flatten()
    });
    letters.collect()
}

/// A code without the characters that people add when they type it.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn factor(cipher: &Cipher, totp: &Totp) -> SecondFactor {
        let now = Timestamp::from_micros(0);
        let blank = SecondFactor {
            tenant_id: Uuid::from_u128(1),
            id: Uuid::from_u128(2),
            sealed_secret: String::new(),
            confirmed_at: None,
            last_step: 0,
            recovery_hashes: AsJson::default(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        blank.with_secret(totp, cipher).unwrap()
    }

    #[test]
    fn a_code_is_used_up() {
        let (cipher, totp) = (Cipher::fresh().unwrap(), Totp::fresh());
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let (factor, codes) = factor(&cipher, &totp).with_recovery_codes();
        assert_eq!(codes.len(), 10);
        let code = SecretString::from(totp.code(now.seconds()));
        let after = factor.after_code(&cipher, &code, now).unwrap().unwrap();
        assert!(after.after_code(&cipher, &code, now).unwrap().is_none());
        for code in &codes {
            let typed = SecretString::from(code.expose_secret().to_lowercase().replace('-', " "));
            let after = factor.after_code(&cipher, &typed, now).unwrap().unwrap();
            assert_eq!(after.recovery_hashes.0.len(), 9);
            assert!(after.after_code(&cipher, code, now).unwrap().is_none());
            // A recovery code does not prove that the authenticator works.
            assert!(factor.after_totp(&cipher, code.expose_secret(), now).unwrap().is_none());
        }
        assert!(factor.after_code(&cipher, &"".into(), now).unwrap().is_none());
    }

    #[test]
    fn recovery_codes_are_readable_and_never_the_same() {
        let (cipher, totp) = (Cipher::fresh().unwrap(), Totp::fresh());
        let (factor, codes) = factor(&cipher, &totp).with_recovery_codes();
        for code in &codes {
            let groups: Vec<_> = code.expose_secret().split('-').map(str::len).collect();
            assert_eq!(groups, [4; 4]);
            assert!(!factor.recovery_hashes.0.concat().contains(code.expose_secret()));
        }
        let mut distinct = factor.recovery_hashes.0;
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), codes.len());
    }

    #[test]
    fn a_secret_opens_for_its_user_alone() {
        let (cipher, totp) = (Cipher::fresh().unwrap(), Totp::fresh());
        let other = SecondFactor { id: Uuid::from_u128(3), ..factor(&cipher, &totp) };
        assert!(other.after_totp(&cipher, "000000", Timestamp::from_micros(0)).is_err());
    }
}
