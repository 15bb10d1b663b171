//! One JSON Web Key as it is serialised: its members, the rules about those that all types of keys
//! have, and its public and private forms.
//!
//! Invariant: the public form is a type without private members. Unknown members are ignored, so a
//! certificate or a URL in a key is never followed.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::algorithm::Algorithm;

/// The members of RFC 7517, section 4, RFC 7518, section 6, and RFC 8037, section 2.
///
/// Private members are redacted in `Debug` output and erased from memory when they are dropped.
#[derive(Deserialize, Default)]
pub(super) struct Jwk {
    pub(super) kty: Option<String>,
    pub(super) kid: Option<String>,
    pub(super) alg: Option<String>,
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) key_ops: Option<Vec<String>>,
    pub(super) crv: Option<String>,
    pub(super) x: Option<String>,
    pub(super) y: Option<String>,
    pub(super) n: Option<String>,
    pub(super) e: Option<String>,
    pub(super) d: Option<SecretString>,
    pub(super) p: Option<SecretString>,
    pub(super) q: Option<SecretString>,
    pub(super) dp: Option<SecretString>,
    pub(super) dq: Option<SecretString>,
    pub(super) qi: Option<SecretString>,
    pub(super) oth: Option<serde::de::IgnoredAny>,
    pub(super) k: Option<SecretString>,
    /// The first second (Unix time) in which it may sign. An additional member of TaskHub, which
    /// RFC 7517, section 4, allows.
    #[serde(rename = "taskhub_signs_from")]
    pub(super) signs_from: Option<i64>,
    /// The first second (Unix time) in which it neither signs nor verifies.
    #[serde(rename = "taskhub_until")]
    pub(super) until: Option<i64>,
}

impl Jwk {
    /// The `kid`, or an empty text.
    pub(super) fn kid(&self) -> &str {
        self.kid.as_deref().unwrap_or_default()
    }

    /// Whether it has a member that only private and symmetric keys have.
    pub(super) fn is_private(&self) -> bool {
        [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi, &self.k].into_iter().any(Option::is_some)
            || self.oth.is_some()
    }

    /// The algorithm of the key.
    ///
    /// # Errors
    ///
    /// The rule that the key breaks, if `alg`, `kty`, `crv`, `use` and `key_ops` do not match.
    pub(super) fn algorithm(&self) -> Result<Algorithm, &'static str> {
        let kty = self.kty.as_deref().unwrap_or_default();
        if !["OKP", "EC", "RSA", "oct"].contains(&kty) {
            return Err("its `kty` must be OKP, EC, RSA or oct");
        }
        let name = self.alg.as_deref().ok_or("its `alg` is missing: a key is for exactly one algorithm")?;
        let algorithm: Algorithm =
            name.parse().map_err(|_| "its `alg` must be EdDSA, ES256, RS256 or HS256")?;
        let (wanted, curve) = algorithm.shape();
        if kty != wanted {
            return Err("its `alg` does not match its `kty`");
        }
        if self.crv.as_deref() != curve {
            return Err(
                "its `crv` must match its `alg`: Ed25519 for EdDSA, P-256 for ES256, absent for others",
            );
        }
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err("its `use` must be `sig`");
        }
        match &self.key_ops {
            Some(operations) => self.permits(operations, algorithm).map(|()| algorithm),
            None => Ok(algorithm),
        }
    }

    /// Checks that `key_ops` allows the use of the key (RFC 7517, section 4.3).
    fn permits(&self, operations: &[String], algorithm: Algorithm) -> Result<(), &'static str> {
        let times = |operation| operations.iter().filter(|named| *named == operation).count();
        let (sign, verify) = (times("sign"), times("verify"));
        if sign > 1 || verify > 1 || operations.len() > sign + verify {
            return Err("its `key_ops` must contain only `sign` and `verify`, each at most once");
        }
        let private = self.is_private();
        if private && sign == 0 {
            return Err("it is private, but its `key_ops` lack `sign`");
        }
        if (!private || algorithm == Algorithm::Hs256) && verify == 0 {
            return Err("it is public or symmetric, but its `key_ops` lack `verify`");
        }
        Ok(())
    }

    /// The public half; `None` for a symmetric key, which has none.
    pub(super) fn public(&self) -> Option<PublicJwk<'_>> {
        (self.kty.as_deref() != Some("oct")).then(|| self.members())
    }

    /// The whole key, with its private members.
    pub(super) fn private(&self) -> PrivateJwk<'_> {
        PrivateJwk {
            public: self.members(),
            d: exposed(self.d.as_ref()),
            p: exposed(self.p.as_ref()),
            q: exposed(self.q.as_ref()),
            dp: exposed(self.dp.as_ref()),
            dq: exposed(self.dq.as_ref()),
            qi: exposed(self.qi.as_ref()),
            k: exposed(self.k.as_ref()),
            signs_from: self.signs_from,
            until: self.until,
        }
    }

    fn members(&self) -> PublicJwk<'_> {
        PublicJwk {
            kty: self.kty.as_deref(),
            kid: self.kid.as_deref(),
            alg: self.alg.as_deref(),
            usage: "sig",
            crv: self.crv.as_deref(),
            x: self.x.as_deref(),
            y: self.y.as_deref(),
            n: self.n.as_deref(),
            e: self.e.as_deref(),
        }
    }
}

/// The public form. It has no `key_ops`, because those of a private key would be wrong in it. `use`
/// applies to both halves.
#[derive(Serialize)]
pub(super) struct PublicJwk<'a> {
    kty: Option<&'a str>,
    kid: Option<&'a str>,
    alg: Option<&'a str>,
    #[serde(rename = "use")]
    usage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<&'a str>,
}

/// The private form, for the key file.
#[derive(Serialize)]
pub(super) struct PrivateJwk<'a> {
    #[serde(flatten)]
    public: PublicJwk<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dq: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qi: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<&'a str>,
    #[serde(rename = "taskhub_signs_from", skip_serializing_if = "Option::is_none")]
    signs_from: Option<i64>,
    #[serde(rename = "taskhub_until", skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

fn exposed(member: Option<&SecretString>) -> Option<&str> {
    member.map(ExposeSecret::expose_secret)
}
