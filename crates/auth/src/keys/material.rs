//! Conversion of the members of a JWK to keys of the cryptographic library, with the rules about
//! strength and size.
//!
//! The library (`aws-lc-rs`) parses the keys. It rejects points that are not on the curve, RSA
//! numbers that contradict each other, and private members that do not match the public ones.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeyPairComponents, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::{algorithm::Algorithm, der, jwk::Jwk};

/// The verifying key, and the signing key if it is private; or the rule that the key breaks.
pub(super) type Pair = Result<(DecodingKey, Option<EncodingKey>), &'static str>;

const MISSING: &str = "a required member is missing, or is not base64url without padding";
const PRIVATE_MISSING: &str = "a private member is missing, or is not base64url without padding";
const MISMATCH: &str = "its private members do not match its public ones";

/// The keys of `jwk`, which is for `algorithm`.
pub(super) fn pair(jwk: &Jwk, algorithm: Algorithm) -> Pair {
    if jwk.k.is_some() != (algorithm == Algorithm::Hs256) {
        return Err("its `k` must be present for HS256, and absent for other algorithms");
    }
    match algorithm {
        Algorithm::EdDsa => ed25519(jwk),
        Algorithm::Es256 => p256(jwk),
        Algorithm::Rs256 => rsa(jwk),
        Algorithm::Hs256 => hmac(jwk),
    }
}

/// An Ed25519 key (RFC 8037, section 2).
fn ed25519(jwk: &Jwk) -> Pair {
    let x = public(jwk.x.as_ref())?;
    if x.len() != 32 || ParsedPublicKey::new(&ED25519, &x).is_err() {
        return Err("its `x` is not an Ed25519 public key of 32 bytes");
    }
    let verifying = DecodingKey::from_ed_der(&x);
    if !jwk.is_private() {
        return Ok((verifying, None));
    }
    let d = private(jwk.d.as_ref())?;
    if d.expose_secret().len() != 32 {
        return Err("its `d` is not 32 bytes");
    }
    let pair = Ed25519KeyPair::from_seed_and_public_key(d.expose_secret(), &x).map_err(|_| MISMATCH)?;
    let pkcs8 = pair.to_pkcs8().map_err(|_| MISMATCH)?;
    Ok((verifying, Some(EncodingKey::from_ed_der(pkcs8.as_ref()))))
}

/// A key on P-256 (RFC 7518, section 6.2).
fn p256(jwk: &Jwk) -> Pair {
    let (x, y) = (public(jwk.x.as_ref())?, public(jwk.y.as_ref())?);
    if x.len() != 32 || y.len() != 32 {
        return Err("its `x` and `y` must be 32 bytes each");
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).map_err(|_| "its point is not on the curve")?;
    let verifying = DecodingKey::from_ec_der(&point);
    if !jwk.is_private() {
        return Ok((verifying, None));
    }
    let d = private(jwk.d.as_ref())?;
    if d.expose_secret().len() != 32 {
        return Err("its `d` is not 32 bytes");
    }
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        d.expose_secret(),
        &point,
    )
    .map_err(|_| MISMATCH)?;
    let pkcs8 = pair.to_pkcs8v1().map_err(|_| MISMATCH)?;
    Ok((verifying, Some(EncodingKey::from_ec_der(pkcs8.as_ref()))))
}

/// An RSA key (RFC 7518, section 6.3).
#[expect(clippy::many_single_char_names, reason = "the names of RFC 7518, section 6.3")]
fn rsa(jwk: &Jwk) -> Pair {
    let (n, e) = (public(jwk.n.as_ref())?, public(jwk.e.as_ref())?);
    if [&n, &e].into_iter().any(|number| number.first() == Some(&0)) {
        return Err("its `n` and `e` must not begin with a zero byte");
    }
    if !(2048..=8192).contains(&bits(&n)) {
        return Err("its modulus must have 2048 to 8192 bits");
    }
    if !odd(&e) || e == [1] || bits(&e) > 33 {
        return Err("its public exponent must be odd, at least 3, and at most 33 bits long");
    }
    let public_key = PublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
    if !odd(&n) || public_key.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).is_err() {
        return Err("its `n` and `e` are not an RSA public key");
    }
    let verifying = DecodingKey::from_rsa_raw_components(&n, &e);
    if !jwk.is_private() {
        return Ok((verifying, None));
    }
    if jwk.oth.is_some() {
        return Err("it must not have more than two primes (`oth`)");
    }
    let [d, p, q, dp, dq, qi] =
        [&jwk.d, &jwk.p, &jwk.q, &jwk.dp, &jwk.dq, &jwk.qi].map(|member| private(member.as_ref()));
    let [d, p, q, dp, dq, qi] = [d?, p?, q?, dp?, dq?, qi?];
    let pair = KeyPair::from_components(&KeyPairComponents {
        public_key,
        d: d.expose_secret(),
        p: p.expose_secret(),
        q: q.expose_secret(),
        dP: dp.expose_secret(),
        dQ: dq.expose_secret(),
        qInv: qi.expose_secret(),
    })
    .map_err(|_| MISMATCH)?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| MISMATCH)?;
    let pkcs1 = der::pkcs1(pkcs8.as_ref()).ok_or(MISMATCH)?;
    Ok((verifying, Some(EncodingKey::from_rsa_der(pkcs1))))
}

/// An HMAC key (RFC 7518, section 6.4; section 3.2 for the size).
fn hmac(jwk: &Jwk) -> Pair {
    let k = private(jwk.k.as_ref())?;
    if k.expose_secret().len() < 32 {
        return Err("its secret must have at least 32 bytes");
    }
    Ok((DecodingKey::from_secret(k.expose_secret()), Some(EncodingKey::from_secret(k.expose_secret()))))
}

fn public(member: Option<&String>) -> Result<Vec<u8>, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(member.ok_or(MISSING)?).map_err(|_| MISSING)?;
    if bytes.is_empty() { Err(MISSING) } else { Ok(bytes) }
}

fn private(member: Option<&SecretString>) -> Result<SecretBox<Vec<u8>>, &'static str> {
    let text = member.ok_or(PRIVATE_MISSING)?.expose_secret();
    let bytes = SecretBox::new(Box::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| PRIVATE_MISSING)?));
    if bytes.expose_secret().is_empty() { Err(PRIVATE_MISSING) } else { Ok(bytes) }
}

/// The number of bits of a big-endian number without leading zero bytes.
fn bits(number: &[u8]) -> usize {
    number.len() * 8 - number.first().map_or(0, |first| first.leading_zeros() as usize)
}

fn odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last % 2 == 1)
}
