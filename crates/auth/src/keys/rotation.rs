//! Rotation: which key signs when, and for how long the others stay.
//!
//! Invariant: a key is published before it signs, and stays until the last token that it may have signed has expired. So at any instant every
//! token that has not expired verifies, here and with whoever fetches the public set as often as it says. The times stand in the keys
//! themselves (`taskhub_signs_from`, `taskhub_until`), so that a file of keys says all.

use super::{Algorithm, Key, KeyError, KeySet, MOST, generate};

/// How far the clocks of two servers may differ, in seconds: one may sign with the old key for so much longer.
const SKEW: i64 = 60;

/// When a key is good, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// From when on it signs. It verifies before that.
    pub(crate) from: i64,
    /// From when on it is as if it were not there.
    pub(crate) until: i64,
}

/// The one of some private keys whose turn it is to sign: the one that began last; of several the first.
pub(crate) fn turn<T>(keys: impl Iterator<Item = T>, window: impl Fn(&T) -> Window, now: i64) -> Option<T> {
    let good = keys.filter(|key| window(key).from <= now && now < window(key).until);
    good.reduce(|best, key| if window(&key).from > window(&best).from { key } else { best })
}

/// What a key does at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is published, and will sign from an instant on.
    Waits(i64),
    /// It signs.
    Signs,
    /// It verifies what it, or somebody else with its private half, has signed.
    Verifies,
    /// It is good no more, and only still in the file.
    Ended,
}

/// A key of a set, as an operator wants to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState<'a> {
    /// Its `kid`.
    pub kid: &'a str,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// What it does.
    pub standing: Standing,
    /// Until when it is good, in Unix seconds, if that is known.
    pub until: Option<i64>,
}

impl KeySet {
    /// Puts a fresh key into the set that will sign `publish` seconds from `now` on, and gives its `kid`. Who verifies must have fetched the
    /// public set anew by then.
    ///
    /// The keys before it stay for `keep` seconds longer, the longest life of a token that they may have signed. Keys that have ended go.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooMany`] if no room is left, [`KeyError::Generation`] if the cryptographic library fails.
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
        // A key that waits has its turn first.
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

    /// Takes a key out of the set: no token that it signed is good any more.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoSuchKey`]; [`KeyError::Needed`] if no other key could sign at `now`.
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

    /// What each key does at `now`.
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
        let told = self.keys.iter().map(|key| KeyState {
            kid: key.kid(),
            algorithm: key.algorithm(),
            standing: state(key),
            until: key.jwk().until,
        });
        told.collect()
    }
}
