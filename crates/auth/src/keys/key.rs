//! One key of a set, in the forms that signing and verifying need.
//!
//! Invariant: a [`Key`] keeps the rules of [`super`], because [`Key::load`] is the only way to make
//! one.

use jsonwebtoken::{DecodingKey, EncodingKey, crypto};

use super::{KeyError, algorithm::Algorithm, jwk::Jwk, material, rotation::Window};

/// A key as JSON Web Key, and as keys of `jsonwebtoken`.
pub(super) struct Key {
    jwk: Jwk,
    algorithm: Algorithm,
    verifying: DecodingKey,
    signing: Option<EncodingKey>,
}

impl Key {
    /// Loads the key that `jwk` describes. A private key signs a message, and its public half must
    /// verify the signature.
    ///
    /// # Errors
    ///
    /// [`KeyError::Refused`] if the key breaks a rule.
    pub(super) fn load(jwk: Jwk) -> Result<Self, KeyError> {
        let refused = |reason| KeyError::Refused { kid: jwk.kid().to_owned(), reason };
        let algorithm = jwk.algorithm().map_err(refused)?;
        let (verifying, signing) = material::pair(&jwk, algorithm).map_err(refused)?;
        if signing.as_ref().is_some_and(|key| !fit(key, &verifying, algorithm)) {
            return Err(refused("a signature made with it does not verify"));
        }
        Ok(Self { jwk, algorithm, verifying, signing })
    }

    pub(super) fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    pub(super) fn jwk_mut(&mut self) -> &mut Jwk {
        &mut self.jwk
    }

    /// The time in which it signs and verifies.
    pub(super) fn window(&self) -> Window {
        let Jwk { signs_from, until, .. } = self.jwk;
        Window { from: signs_from.unwrap_or(i64::MIN), until: until.unwrap_or(i64::MAX) }
    }

    pub(super) fn kid(&self) -> &str {
        self.jwk.kid()
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn verifying(&self) -> &DecodingKey {
        &self.verifying
    }

    pub(super) fn signing(&self) -> Option<&EncodingKey> {
        self.signing.as_ref()
    }
}

/// Whether a signature by `signing` verifies with `verifying`.
fn fit(signing: &EncodingKey, verifying: &DecodingKey, algorithm: Algorithm) -> bool {
    const MESSAGE: &[u8] = b"a key fits its lock";
    let signed = crypto::sign(MESSAGE, signing, algorithm.into());
    signed
        .and_then(|signature| crypto::verify(&signature, MESSAGE, verifying, algorithm.into()))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::{super::generate, *};

    #[test]
    fn a_lock_fits_its_own_key_and_no_other() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Hs256] {
            let [a, b] = [(); 2].map(|()| Key::load(generate::fresh(algorithm).unwrap()).unwrap());
            assert!(fit(a.signing().unwrap(), a.verifying(), algorithm));
            assert!(!fit(a.signing().unwrap(), b.verifying(), algorithm));
        }
    }
}
