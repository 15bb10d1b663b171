//! Encryption of what must be read again: the secrets of second factors, and mail that waits to be sent.
//!
//! Invariant: what was sealed for one purpose and owner opens for no other, and what was changed does not open at all (AES-256-GCM, NIST SP
//! 800-38D, with a random nonce of 96 bits). The key lies outside the database, so that a copy of the database alone tells nothing.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

use crate::secret;

/// Why a key or a sealed text was refused. Says nothing of either.
#[derive(thiserror::Error, Debug, Clone, Copy, PartialEq, Eq)]
pub enum CipherError {
    /// Not 32 bytes in base64url without padding.
    #[error("the encryption key is not 32 bytes in base64url")]
    BadKey,
    /// Sealed with another key or for another purpose, or changed since.
    #[error("the sealed text does not open")]
    Unopened,
    /// The cryptographic library sealed nothing.
    #[error("the text could not be sealed")]
    Unsealed,
}

/// Seals and opens texts with one key. `Debug` shows nothing of it.
pub struct Cipher {
    key: RandomizedNonceKey,
    fingerprint: String,
}

impl Cipher {
    /// A cipher with a key as [`secret::opaque`] makes it: 32 bytes in base64url without padding, perhaps with white space around.
    ///
    /// # Errors
    ///
    /// [`CipherError::BadKey`].
    pub fn new(key: &SecretString) -> Result<Self, CipherError> {
        let bytes = URL_SAFE_NO_PAD.decode(key.expose_secret().trim()).map_err(|_| CipherError::BadKey)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| CipherError::BadKey)?;
        let fingerprint =
            URL_SAFE_NO_PAD.encode(secret::mac(&bytes, &[b"fingerprint of the encryption key"]));
        Ok(Self { key, fingerprint })
    }

    /// What tells this key from others, and nothing of the key: a message authentication code under it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// A cipher with a key of its own: for tests, and for what need not be opened after a restart.
    ///
    /// # Errors
    ///
    /// [`CipherError::BadKey`] never happens.
    pub fn fresh() -> Result<Self, CipherError> {
        Self::new(&secret::opaque())
    }

    /// Seals `text` for a purpose and an owner, which `parts` name. The result is base64url without padding.
    ///
    /// # Errors
    ///
    /// [`CipherError::Unsealed`].
    pub fn seal(&self, text: &str, parts: &[&[u8]]) -> Result<String, CipherError> {
        let mut bytes = text.as_bytes().to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(framed(parts)), &mut bytes)
            .map_err(|_| CipherError::Unsealed)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut bytes);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The text that was sealed for the same purpose and owner.
    ///
    /// # Errors
    ///
    /// [`CipherError::Unopened`].
    pub fn open(&self, sealed: &str, parts: &[&[u8]]) -> Result<SecretString, CipherError> {
        let open = || {
            let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
            let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
            let mut bytes = rest.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let text = self.key.open_in_place(nonce, Aad::from(framed(parts)), &mut bytes).ok()?;
            Some(SecretString::from(std::str::from_utf8(text).ok()?))
        };
        open().ok_or(CipherError::Unopened)
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher")
    }
}

/// The parts, each preceded by its length, so that none runs into the next.
fn framed(parts: &[&[u8]]) -> Vec<u8> {
    parts
        .iter()
        .flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.iter().copied()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_is_32_bytes() {
        assert!(Cipher::new(&SecretString::from("AAAA")).is_err());
        assert!(Cipher::new(&SecretString::from("not base64url!")).is_err());
        assert!(Cipher::new(&SecretString::from(format!(" {}\n", secret::opaque().expose_secret()))).is_ok());
    }

    #[test]
    fn a_fingerprint_is_the_keys_own() {
        let key = secret::opaque();
        let print = |key: &SecretString| Cipher::new(key).unwrap().fingerprint().to_owned();
        assert_eq!(print(&key), print(&key));
        assert_ne!(print(&key), print(&secret::opaque()));
        assert!(!print(&key).contains(key.expose_secret()));
    }

    #[test]
    fn the_same_text_is_never_sealed_alike() {
        let cipher = Cipher::fresh().unwrap();
        assert_ne!(cipher.seal("text", &[]).unwrap(), cipher.seal("text", &[]).unwrap());
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_for_its_purpose_alone(text in ".{0,40}", parts in prop::collection::vec("[ab]{0,3}", 0..3), others in prop::collection::vec("[ab]{0,3}", 0..3)) {
            let cipher = Cipher::fresh().unwrap();
            let a: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
            let b: Vec<&[u8]> = others.iter().map(String::as_bytes).collect();
            let sealed = cipher.seal(&text, &a).unwrap();
            let opened = cipher.open(&sealed, &a).unwrap();
            prop_assert_eq!(opened.expose_secret(), text.as_str());
            prop_assert_eq!(cipher.open(&sealed, &b).is_ok(), a == b);
            prop_assert!(Cipher::fresh().unwrap().open(&sealed, &a).is_err());
        }

        #[test]
        fn what_was_changed_does_not_open(place in 0_usize..40, text in "[a-z]{8}") {
            let cipher = Cipher::fresh().unwrap();
            let mut sealed = URL_SAFE_NO_PAD.decode(cipher.seal(&text, &[b"x"]).unwrap()).unwrap();
            let place = place % sealed.len();
            sealed[place] ^= 1;
            prop_assert!(cipher.open(&URL_SAFE_NO_PAD.encode(sealed), &[b"x"]).is_err());
        }
    }
}
