//! Encryption of stored data that must be read again, such as the secrets of second factors and
//! queued mail.
//!
//! The algorithm is AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits.
//!
//! Invariant: a text that was encrypted for one purpose and owner can be decrypted only for these,
//! and not at all if it was changed. The key is outside the database, so that a copy of the
//! database reveals nothing.
//!
//! This module does not know what it encrypts. The caller names the purpose and the owner.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

use crate::secret;

/// Why a key or a text was rejected. It contains nothing of either.
#[derive(thiserror::Error, Debug, Clone, Copy, PartialEq, Eq)]
pub enum CipherError {
    /// The key is not 32 bytes in base64url without padding.
    #[error("the encryption key must be 32 bytes in base64url without padding")]
    BadKey,
    /// The text was encrypted with another key or for another purpose or owner, or was changed.
    #[error("the encrypted text cannot be decrypted with this key for this purpose")]
    Unopened,
    /// The cryptographic library did not encrypt the text.
    #[error("the text could not be encrypted")]
    Unsealed,
}

/// Encrypts and decrypts texts with one key. `Debug` does not show the key.
pub struct Cipher {
    key: RandomizedNonceKey,
    fingerprint: String,
}

impl Cipher {
    /// Creates a cipher with a key in the form of [`secret::opaque`]: 32 bytes in base64url without
    /// padding. Leading and trailing white space is ignored.
    ///
    /// # Errors
    ///
    /// [`CipherError::BadKey`] if the key has another form.
    pub fn new(key: &SecretString) -> Result<Self, CipherError> {
        let bytes = URL_SAFE_NO_PAD.decode(key.expose_secret().trim()).map_err(|_| CipherError::BadKey)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| CipherError::BadKey)?;
        let fingerprint =
            URL_SAFE_NO_PAD.encode(secret::mac(&bytes, &[b"fingerprint of the encryption key"]));
        Ok(Self { key, fingerprint })
    }

    /// A fingerprint of the key: a message authentication code with it, 43 characters. It
    /// identifies the key and does not reveal it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Creates a cipher with a new random key, for tests and for data that is not needed after a
    /// restart.
    ///
    /// # Errors
    ///
    /// None in practice: the new key has the right form.
    pub fn fresh() -> Result<Self, CipherError> {
        Self::new(&secret::opaque())
    }

    /// Encrypts `text` for the purpose and the owner that `parts` name.
    ///
    /// The result is the nonce, the ciphertext and the tag in base64url without padding. The parts
    /// are authenticated (the associated data of AES-GCM), but not stored.
    ///
    /// # Errors
    ///
    /// [`CipherError::Unsealed`] if the cryptographic library fails.
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

    /// Decrypts a text that was encrypted with the same `parts`.
    ///
    /// # Errors
    ///
    /// [`CipherError::Unopened`] if the key or the parts are others, or the text was changed.
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

/// The parts, each preceded by its length in bytes, which makes the encoding unambiguous.
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
