//! Time-based one-time passwords (TOTP, RFC 6238) for the second factor.
//!
//! The parameters are those that every authenticator app supports: SHA-1, six digits, steps of 30
//! seconds.
//!
//! Invariant: codes are compared in constant time. A code is valid in its own step, the one before
//! and the one after. Only [`Totp::text`] and [`Totp::uri`] return the secret.
//!
//! This module does not know which codes were used. The caller stores the step that
//! [`Totp::step_of`] returns, and passes it with the next code.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::secret;

/// The length of a step, in seconds.
const STEP: i64 = 30;
/// The greatest clock difference that is accepted, in steps.
const DRIFT: i64 = 1;
/// The length of a secret, in bytes: that of a SHA-1 digest (RFC 4226, section 4).
const SECRET: usize = 20;
/// All but the unreserved characters of a URI (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The secret that TaskHub shares with the authenticator app of a user.
pub struct Totp([u8; SECRET]);

impl Totp {
    /// Generates a random secret.
    pub fn fresh() -> Self {
        Self(secret::random())
    }

    /// Parses the text of [`Totp::text`]: 32 characters of base32. `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        BASE32_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// The secret in base32, for users who type it: 32 characters.
    pub fn text(&self) -> SecretString {
        BASE32_NOPAD.encode(&self.0).into()
    }

    /// The `otpauth://` URI for a QR code: the secret, and the names under which the authenticator
    /// app stores it.
    pub fn uri(&self, issuer: &str, account: &str) -> SecretString {
        let [issuer, account] = [issuer, account].map(|name| utf8_percent_encode(name, RESERVED));
        let text = self.text();
        let secret = text.expose_secret();
        format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}").into()
    }

    /// The code at `now`, in Unix seconds.
    pub fn code(&self, now: i64) -> String {
        self.of_step(now.div_euclid(STEP))
    }

    /// The step of a code that is valid at `now` (Unix seconds), or `None`.
    ///
    /// Only steps after `after` count. Pass the step of the last accepted code, so that each code
    /// is single-use (RFC 6238, section 5.2).
    pub fn step_of(&self, code: &str, now: i64, after: i64) -> Option<i64> {
        let present = now.div_euclid(STEP);
        let is_good = |step: &i64| secret::equal(self.of_step(*step).as_bytes(), code.as_bytes());
        (present - DRIFT..=present + DRIFT).filter(|step| *step > after).find(is_good)
    }

    /// The HOTP value (RFC 4226, section 5.3) of a step.
    fn of_step(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let start = usize::from(tag.as_ref().last().copied().unwrap_or_default() & 15);
        let four = tag.as_ref().iter().skip(start).take(4);
        let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Totp")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6238, appendix B, for SHA-1: the last six of the eight digits.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn codes_are_those_of_the_rfc() {
        let totp = Totp(*b"12345678901234567890");
        for (at, code) in VECTORS {
            assert_eq!(totp.code(at), code, "at {at}");
            assert_eq!(totp.step_of(code, at, i64::MIN), Some(at / STEP));
        }
    }

    #[test]
    fn a_code_is_good_for_three_steps_and_after_the_last_that_was_used() {
        let totp = Totp(*b"12345678901234567890");
        let (now, step) = (1_111_111_111, 1_111_111_111 / STEP);
        let code = totp.code(now);
        for (away, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            assert_eq!(totp.step_of(&code, now + away * STEP, 0).is_some(), good, "{away} steps away");
        }
        assert_eq!(totp.step_of(&code, now, step - 1), Some(step));
        assert_eq!(totp.step_of(&code, now, step), None);
        for wrong in ["", "000000", "50471", "0050471", "050471 "] {
            assert_eq!(totp.step_of(wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn the_text_is_base32() {
        assert_eq!(Totp(*b"12345678901234567890").text().expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = Totp(*b"12345678901234567890").uri("Task Hub", "ada@acme.example");
        assert_eq!(
            uri.expose_secret(),
            "otpauth://totp/Task%20Hub:ada%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Task%20Hub&algorithm=SHA1&digits=6&period=30"
        );
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(bytes: [u8; SECRET]) {
            let text = Totp(bytes).text();
            prop_assert_eq!(Totp::parse(text.expose_secret()).map(|totp| totp.0), Some(bytes));
        }

        #[test]
        fn nothing_else_is_read(text in "[A-Z2-7]{0,31}|[A-Z2-7]{33,40}|\\PC{32}") {
            let plain = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
            prop_assert_eq!(Totp::parse(&text).is_some(), plain);
        }
    }
}
