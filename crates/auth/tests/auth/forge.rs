//! A forger for tests: signs any header and claims with the first key of any key set, without the
//! checks of the signer.

use aws_lc_rs::{
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm as Jwa, EncodingKey, crypto};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use taskhub_auth::{Algorithm, Grant, KeySet, Kind, Principal, TokenError, Verifier};
use uuid::Uuid;

pub(crate) const ISSUER: &str = "https://hub.example";
pub(crate) const AUDIENCE: &str = "taskhub";
pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const ALL: [Algorithm; 4] =
    [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Hs256];

/// The keys of the set, with their private members.
pub(crate) fn document(keys: &KeySet) -> Value {
    serde_json::from_str(keys.to_private_json().expose_secret()).unwrap()
}

/// The first key of the set.
pub(crate) fn first(keys: &KeySet) -> Value {
    document(keys)["keys"][0].clone()
}

pub(crate) fn bytes(jwk: &Value, member: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap()
}

pub(crate) fn verifier(keys: &KeySet) -> Verifier {
    Verifier::new(keys, ISSUER, AUDIENCE).unwrap()
}

/// A forger with an HMAC key, and the verifier of that key.
pub(crate) struct Forge {
    pub(crate) secret: EncodingKey,
    pub(crate) kid: String,
    pub(crate) verifier: Verifier,
}

impl Forge {
    pub(crate) fn new() -> Self {
        let keys = KeySet::generate(Algorithm::Hs256).unwrap();
        let jwk = first(&keys);
        Self {
            secret: EncodingKey::from_secret(&bytes(&jwk, "k")),
            kid: jwk["kid"].as_str().unwrap().to_owned(),
            verifier: verifier(&keys),
        }
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "alg": "HS256", "typ": "at+jwt", "kid": self.kid })
    }

    /// The result of verifying a token with this header and these claims at [`NOW`].
    pub(crate) fn tries(&self, header: Value, claims: Value) -> Result<Principal, TokenError> {
        self.verifier.verify(&sealed(&header, &claims, &self.secret, Jwa::HS256), NOW).map(|it| (*it).clone())
    }

    /// The result for a token whose header has `member` set to `value`.
    pub(crate) fn with_header(&self, member: &str, value: Value) -> Result<Principal, TokenError> {
        self.tries(put(self.header(), member, value), claims())
    }

    /// The result for a token whose claims have `member` set to `value`; `null` removes the member.
    pub(crate) fn with_claim(&self, member: &str, value: Value) -> Result<Principal, TokenError> {
        self.tries(self.header(), put(claims(), member, value))
    }
}

/// The claims of a valid token of a user.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": format!("user:{}", Uuid::from_u128(1)), "tenant": Uuid::from_u128(2),
        "role": "member", "jti": Uuid::from_u128(3), "iat": NOW, "exp": NOW + 900,
    })
}

/// `object` with `member` set to a value; `null` removes the member.
pub(crate) fn put(mut object: Value, member: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member)
    } else {
        members.insert(member.to_owned(), value)
    };
    object
}

/// The compact form of a signed token (RFC 7515, section 7.1).
pub(crate) fn sealed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Jwa) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub(crate) fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// A signing key of another key pair of the algorithm.
pub(crate) fn stranger(algorithm: Algorithm) -> EncodingKey {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    match algorithm {
        Algorithm::EdDsa => {
            EncodingKey::from_ed_der(Ed25519KeyPair::generate().unwrap().to_pkcs8().unwrap().as_ref())
        }
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref())
        }
        Algorithm::Rs256 => {
            let pkcs8: Pkcs8V1Der<'_> =
                aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
            let standard = base64::engine::general_purpose::STANDARD.encode(pkcs8.as_ref());
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{standard}\n-----END PRIVATE KEY-----\n");
            EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
        }
        Algorithm::Hs256 => EncodingKey::from_secret(&[7; 32]),
    }
}

pub(crate) fn jwa(algorithm: Algorithm) -> Jwa {
    algorithm.to_string().parse().unwrap()
}

pub(crate) fn user() -> Grant {
    Grant {
        kind: Kind::User,
        id: Uuid::from_u128(1),
        tenant: Some(Uuid::from_u128(2)),
        role: Some("member".to_owned()),
        scopes: None,
        session: Some(Uuid::from_u128(4)),
        lifetime: 900,
    }
}

pub(crate) fn service() -> Grant {
    Grant {
        kind: Kind::Service,
        role: None,
        scopes: Some(vec!["tasks:read".to_owned(), "tasks:write".to_owned()]),
        ..user()
    }
}

pub(crate) fn operator() -> Grant {
    Grant { kind: Kind::Operator, tenant: None, role: None, scopes: None, ..user() }
}
