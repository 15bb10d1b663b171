//! Generating keys.
//!
//! Invariant: a new key is a JSON Web Key, which the caller loads like a stored one. So it passes
//! the same checks.

use aws_lc_rs::{
    encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;

use super::{algorithm::Algorithm, der, jwk::Jwk};
use crate::secret;

/// Generates a private key for `algorithm`; `None` if the cryptographic library fails.
pub(super) fn fresh(algorithm: Algorithm) -> Option<Jwk> {
    let mut jwk = match algorithm {
        Algorithm::EdDsa => ed25519()?,
        Algorithm::Es256 => p256()?,
        Algorithm::Rs256 => rsa()?,
        Algorithm::Hs256 => Jwk { k: Some(secret::opaque()), ..Jwk::default() },
    };
    let (kty, crv) = algorithm.shape();
    jwk.kty = Some(kty.to_owned());
    jwk.crv = crv.map(str::to_owned);
    jwk.alg = Some(algorithm.to_string());
    jwk.kid = Some(thumbprint(&jwk).unwrap_or_else(|| URL_SAFE_NO_PAD.encode(secret::random::<16>())));
    Some(jwk)
}

fn ed25519() -> Option<Jwk> {
    let seed = secret::random::<32>();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
    Some(Jwk { x: Some(open(pair.public_key().as_ref())), d: Some(closed(&seed)), ..Jwk::default() })
}

fn p256() -> Option<Jwk> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
    let (x, y) = pair.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
    let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().ok()?;
    Some(Jwk { x: Some(open(x)), y: Some(open(y)), d: Some(closed(d.as_ref())), ..Jwk::default() })
}

#[expect(clippy::many_single_char_names, reason = "the names of RFC 7518, section 6.3")]
fn rsa() -> Option<Jwk> {
    let pkcs8: Pkcs8V1Der<'_> = RsaKeyPair::generate(KeySize::Rsa2048).ok()?.as_der().ok()?;
    let [n, e, d, p, q, dp, dq, qi] = der::numbers(der::pkcs1(pkcs8.as_ref())?)?;
    Some(Jwk {
        n: Some(open(n)),
        e: Some(open(e)),
        d: Some(closed(d)),
        p: Some(closed(p)),
        q: Some(closed(q)),
        dp: Some(closed(dp)),
        dq: Some(closed(dq)),
        qi: Some(closed(qi)),
        ..Jwk::default()
    })
}

/// The SHA-256 thumbprint (RFC 7638, section 3; RFC 8037, section 2) over the required public
/// members in lexical order.
///
/// `None` for a symmetric key, because its required member is the secret.
fn thumbprint(jwk: &Jwk) -> Option<String> {
    let members = match (jwk.kty.as_deref()?, &jwk.crv, &jwk.x, &jwk.y, &jwk.n, &jwk.e) {
        ("OKP", Some(crv), Some(x), ..) => format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#),
        ("EC", Some(crv), Some(x), Some(y), ..) => {
            format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        ("RSA", _, _, _, Some(n), Some(e)) => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        _ => return None,
    };
    Some(secret::digest(&members))
}

fn open(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn closed(bytes: &[u8]) -> SecretString {
    SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Jwk {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_thumbprint_is_the_one_of_rfc_7638_section_3_1() {
        let jwk = read(
            r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#,
        );
        assert_eq!(thumbprint(&jwk).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn the_thumbprint_is_the_one_of_rfc_8037_appendix_a_3() {
        let jwk = read(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
        assert_eq!(thumbprint(&jwk).unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_symmetric_key_has_no_thumbprint() {
        assert!(thumbprint(&read(r#"{"kty":"oct","k":"c2VjcmV0"}"#)).is_none());
    }
}
