//! Random values, digests and message authentication codes.
//!
//! Invariant: all random secrets of TaskHub except EC and RSA key pairs come from here, from the
//! random number generator of the cryptographic library. Only the [`digest`] of an opaque secret is
//! stored, never the secret.
//!
//! This module does not know the purpose of a secret. The caller binds the purpose, as a part of a
//! [`mac`] or by the column in which it stores a digest.

use aws_lc_rs::{constant_time, digest as sha, hmac, rand};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;

/// `N` unpredictable bytes.
///
/// # Panics
///
/// If the operating system provides no randomness. No caller could continue without it.
#[expect(
    clippy::expect_used,
    reason = "without randomness no secret is one, and there is nothing to fall back to"
)]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A new opaque secret: 256 random bits in base64url without padding (RFC 4648, section 5), 43
/// characters.
///
/// Show it once, and store its [`digest`].
pub fn opaque() -> SecretString {
    SecretString::from(URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// The SHA-256 of an opaque secret in base64url without padding, 43 characters, for storage.
///
/// Only for secrets with 256 bits of entropy, such as those of [`opaque`]. For passwords there is
/// [`crate::password`].
pub fn digest(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(secret.as_bytes()))
}

/// HMAC-SHA-256 (RFC 2104) with `key` over `parts`, each preceded by its length in bytes (64-bit,
/// big-endian).
///
/// The lengths make the encoding unambiguous: `["ab", "c"]` and `["a", "bc"]` have different codes,
/// and so have `["a"]` and `["a", ""]`. Compare codes with [`equal`]. The key should have at least
/// 32 bytes (RFC 2104, section 3).
pub fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    fixed(context.sign().as_ref())
}

/// Whether `a` and `b` are the same bytes. The time depends only on their lengths.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    fixed(sha::digest(&sha::SHA256, data).as_ref())
}

/// SHA-256 of data that arrives in pieces.
#[derive(Clone)]
pub struct Hashing(sha::Context);

impl Default for Hashing {
    fn default() -> Self {
        Self(sha::Context::new(&sha::SHA256))
    }
}

impl Hashing {
    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> [u8; 32] {
        fixed(self.0.finish().as_ref())
    }
}

impl std::fmt::Debug for Hashing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashing")
    }
}

/// The output of a 256-bit function as an array.
fn fixed(output: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(output);
    array
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn opaque_secrets_are_43_characters_that_fit_a_url_and_never_the_same() {
        let drawn: HashSet<String> = (0..100).map(|_| opaque().expose_secret().to_owned()).collect();
        assert_eq!(drawn.len(), 100);
        assert!(drawn.iter().all(|it| it.len() == 43));
        assert!(
            drawn.iter().all(|it| it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'))
        );
    }

    #[test]
    fn an_opaque_secret_does_not_show() {
        let secret = opaque();
        assert!(!format!("{secret:?}").contains(secret.expose_secret()));
    }

    #[test]
    fn the_digest_is_sha_256() {
        assert_eq!(digest("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }

    #[test]
    fn the_code_is_hmac_sha_256_over_length_and_part() {
        let mut message = 3_u64.to_be_bytes().to_vec();
        message.extend(b"abc");
        let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"key"), &message);
        assert_eq!(mac(b"key", &[b"abc"]), expected.as_ref());
    }

    proptest! {
        #[test]
        fn codes_tell_parts_and_keys_apart(
            a in prop::collection::vec(prop::collection::vec(0_u8..2, 0..4), 0..4),
            b in prop::collection::vec(prop::collection::vec(0_u8..2, 0..4), 0..4),
        ) {
            let parts_a: Vec<&[u8]> = a.iter().map(Vec::as_slice).collect();
            let parts_b: Vec<&[u8]> = b.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(a == b, mac(b"key", &parts_a) == mac(b"key", &parts_b));
            prop_assert_ne!(mac(b"key", &parts_a), mac(b"other", &parts_a));
        }

        #[test]
        fn equal_is_equality(a in prop::collection::vec(0_u8..2, 0..4), b in prop::collection::vec(0_u8..2, 0..4)) {
            prop_assert_eq!(equal(&a, &b), a == b);
        }
    }
}
