//! Who is calling: tokens, key sets, passwords and opaque secrets, without HTTP or a database.
//!
//! | module | what it answers |
//! | --- | --- |
//! | [`keys`] | which keys sign and verify: JSON Web Key sets (RFC 7517), their rules, their public half |
//! | [`token`] | how an access token (RFC 9068) is made from a [`Grant`] |
//! | [`verify`] | whether a token is ours and good at this moment, and whose it is |
//! | [`principal`] | who that is: what a verified token says, and nothing else |
//! | [`password`] | how a password is stored, compared and judged |
//! | [`secret`] | random values, digests and message authentication codes |
//! | [`cipher`] | how what must be read again is encrypted |
//! | [`totp`] | which codes an authenticator shows |
//!
//! # Invariants
//!
//! - A [`Principal`] comes from a [`Verifier`] alone. There is no public type for a token that was decoded but not verified.
//! - A key serves one algorithm, the one that it names itself; a token has no say in it (RFC 8725, section 3.1).
//! - No ambient time: whoever asks about a token says what time it is, in whole Unix seconds (`now: i64`).
//! - Randomness comes from [`secret`]; only key pairs are drawn by the cryptographic library itself.
//! - Key material, tokens and passwords show in no `Debug` output and in no error.
//!
//! What this crate must not know: requests, tables, settings, and whether a token was revoked; its caller asks about that.
//!
//! # Following rotation
//!
//! Keys change. A service that verifies TaskHub's tokens by itself keeps the public document of `/.well-known/jwks.json` for as long as the
//! `Cache-Control` of its answer says (5 minutes), and fetches it anew then, or at once when [`Verifier::verify`] answers
//! [`TokenError::UnknownKey`], though for that at most every few seconds: anybody can make up a `kid`. A new key is published 10 minutes before
//! it signs (`taskhub keys rotate`), and an old one stays as long as there may be tokens of it; so a service that does either never
//! refuses a good token. `examples/verify.rs` is such a service in small.
//!
//! # A round trip
//!
//! ```
//! use secrecy::ExposeSecret;
//! use taskhub_auth::{Algorithm, Grant, KeySet, Kind, Signer, Verifier};
//! use uuid::Uuid;
//!
//! let keys = KeySet::generate(Algorithm::EdDsa)?;
//! let signer = Signer::new(&keys, "https://hub.example", "taskhub")?;
//! let grant = Grant {
//!     kind: Kind::User,
//!     id: Uuid::from_u128(1),
//!     tenant: Some(Uuid::from_u128(2)),
//!     role: Some("member".to_owned()),
//!     scopes: None,
//!     session: None,
//!     lifetime: 900,
//! };
//! let token = signer.mint(&grant, Uuid::from_u128(3), 1_700_000_000)?;
//!
//! // A service elsewhere needs no more than the public document.
//! let public = KeySet::from_json(&keys.to_jwks(1_700_000_000).to_string())?;
//! let verifier = Verifier::new(&public, "https://hub.example", "taskhub")?;
//! let principal = verifier.verify(token.expose_secret(), 1_700_000_100)?;
//! assert_eq!(principal.id(), grant.id);
//! assert!(verifier.verify(token.expose_secret(), 1_700_000_900).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cipher;
mod claims;
pub mod keys;
pub mod password;
pub mod principal;
pub mod secret;
pub mod token;
pub mod totp;
pub mod verify;

pub use cipher::Cipher;
pub use keys::{Algorithm, KeyError, KeySet, KeyState, Standing};
pub use password::{Cost, Hasher, Match, NO_PASSWORD, PasswordError, Weakness, weakness};
pub use principal::{Kind, Principal};
pub use token::{Grant, Signer};
pub use totp::Totp;
pub use verify::{TokenError, Verifier};
