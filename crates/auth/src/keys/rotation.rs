//! Key rotation: the time in which each key signs and verifies.
//!
//! Invariant: a key is published before it signs, and stays until the last token that it signed has
//! expired. So every token that has not expired verifies, here and at services that fetch the
//! public set again after the time in its `Cache-Control` header.
//!
//! The times are members of the keys (`taskhub_signs_from`, `taskhub_until`), so that the key file
//! is complete.

use super::{Algorithm, Key, KeyError, KeySet, MOST, generate};

/// The greatest difference between the clocks of two servers, in seconds. A server may sign with
/// the old key for this much longer.
const SKEW: i64 = 60;

/// The time in which a key is valid, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first second in which it may sign. It verifies before that, too.
    pub(crate) from: i64,
    /// The first second in which it neither signs nor verifies.
    pub(crate) until: i64,
}

/// The private key that signs at `now`: the valid one with the latest start, and of several with
/// the same start the first.
pub(crate) fn turn<T>(keys: impl Iterator<Item = T>, window: impl Fn(&T) -> Window, now: i64) -> Option<T> {
    let good = keys.filter(|key| window(key).from <= now && now < window(key).until);
    good.reduce(|best, key| if window(&key).from > window(&best).from { key } else { best })
}

/// The state of a key at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is published, and will sign from this time (Unix seconds) on.
    Waits(i64),
    /// It signs and verifies.
    Signs,
    /// It verifies, but does not sign: another key signs, or this one is public.
    Verifies,
    /// It neither signs nor verifies. The next rotation removes it from the file.
    Ended,
}

/// The state of a key of a set, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState<'a> {
    /// The `kid`.
    pub kid: &'a str,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// What it does at that time.
    pub standing: Standing,
    /// The time (Unix seconds) at which it ends, or `None` before another key succeeds it.
    pub until: Option<i64>,
}

impl KeySet {
    /// Adds a new key to the set and returns its `kid`.
    ///
    /// The key signs from `publish` seconds after `now` (Unix seconds) on, or later if another new
    /// key has not signed yet. Services that verify tokens must fetch the public set again within
    /// that time.
    ///
    /// The older keys stay for `keep` seconds after the new key begins to sign, plus 60 seconds for
    /// the difference between clocks. `keep` must be the longest lifetime of the tokens that they
    /// sign. Keys that have ended are removed.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooMany`] if the set has 16 keys that have not ended; [`KeyError::Generation`]
    /// if the cryptographic library fails.
    pub fn rotate(
        &mut self,
        algorithm: Algorithm,
        now: i64,
        publish: i64,
        keep: i64,
    ) -> Result<String, KeyError> {
        let present = self.keys.iter().filter(|key| key.window().until > now);
        if present.clone().count() >= MOST {
            return Err(KeyError::TooMany(MOST + 1));
        }
        // A key that was published before and has not signed yet signs first.
        let last = present.map(|key| key.window().from.saturating_add(1)).max().unwrap_or(now);
        let from = Ord::max(now.saturating_add(publish), last);
        let mut jwk = generate::fresh(algorithm).ok_or(KeyError::Generation)?;
        jwk.signs_from = Some(from);
        let fresh = Key::load(jwk)?;
        let kid = fresh.kid().to_owned();
        self.keys.retain(|key| key.window().until > now);
        for key in &mut self.keys {
            key.jwk_mut().until.get_or_insert(from.saturating_add(keep).saturating_add(SKEW));
        }
        self.keys.push(fresh);
        Ok(kid)
    }

    /// Removes a key from the set. All tokens that it signed become invalid.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoSuchKey`] if the set does not have it; [`KeyError::Needed`] if no other key
    /// can sign at `now` (Unix seconds).
    pub fn remove(&mut self, kid: &str, now: i64) -> Result<(), KeyError> {
        if !self.keys.iter().any(|key| key.kid() == kid) {
            return Err(KeyError::NoSuchKey(kid.to_owned()));
        }
        let others = self.signing().filter(|(other, ..)| *other != kid);
        if turn(others, |(.., window)| *window, now).is_none() {
            return Err(KeyError::Needed(kid.to_owned()));
        }
        self.keys.retain(|key| key.kid() != kid);
        Ok(())
    }

    /// The state of each key at `now` (Unix seconds).
    pub fn states(&self, now: i64) -> Vec<KeyState<'_>> {
        let signs = turn(self.signing(), |(.., window)| *window, now).map(|(kid, ..)| kid);
        let state = |key: &Key| {
            let window = key.window();
            match (window.until <= now, window.from > now) {
                (true, _) => Standing::Ended,
                (_, true) => Standing::Waits(window.from),
                _ if signs == Some(key.kid()) => Standing::Signs,
                _ => Standing::Verifies,
            }
        };
        let states = self.keys.iter().map(|key| KeyState {
            kid: key.kid(),
            algorithm: key.algorithm(),
            standing: state(key),
            until: key.jwk().until,
        });
        states.collect()
    }
}
