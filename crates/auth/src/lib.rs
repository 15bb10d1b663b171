//! Who is calling: tokens, key sets, passwords and opaque secrets, without HTTP or a database.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`keys`] | sets of JSON Web Keys (RFC 7517): their rules, their rotation, their public half |
//! | [`token`] | minting an access token (RFC 9068) from a [`Grant`] |
//! | [`verify`] | verifying an access token, which gives its [`Principal`] |
//! | [`principal`] | the caller that a verified token describes |
//! | [`password`] | hashing, comparing and assessing passwords |
//! | [`secret`] | random values, digests and message authentication codes |
//! | [`cipher`] | encrypting data that must be read again |
//! | [`totp`] | the codes of an authenticator app |
//!
//! # Invariants
//!
//! - Only a [`Verifier`] makes a [`Principal`]. There is no public type for a token that was
//!   decoded but not verified.
//! - A key is for one algorithm, which the key names. The header of a token cannot choose another
//!   (RFC 8725, section 3.1).
//! - Nothing here reads a clock. The caller passes the time, in whole Unix seconds (`now: i64`).
//! - Randomness comes from [`secret`], except that the cryptographic library generates EC and RSA
//!   key pairs itself.
//! - Key material, tokens and passwords are in no `Debug` output and in no error.
//!
//! This crate must not know HTTP, the database, the settings, or whether a token was revoked. The
//! caller checks revocation.
//!
//! # Following key rotation
//!
//! The keys change. A service that verifies TaskHub's tokens caches the public document of
//! `/.well-known/jwks.json` for the time in its `Cache-Control` header (5 minutes). The service
//! fetches the document again
//!
//! - when that time has passed, or
//! - when [`Verifier::verify`] returns [`TokenError::UnknownKey`], at most once every few seconds,
//!   because anybody can invent a `kid`.
//!
//! `taskhub keys rotate` publishes a new key 10 minutes before the key signs, and keeps an old key
//! until the last token that it signed has expired. So a service that does either never rejects a
//! valid token. `examples/verify.rs` is a minimal service of this kind.
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
//! // Another service needs only the public document.
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
