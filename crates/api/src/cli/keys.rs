//! `taskhub keys`.

use clap::Subcommand;
use taskhub_auth::{KeyState, Standing};
use taskhub_domain::{Clock, Instant};

use super::say;
use crate::{
    config::Settings,
    keys,
    state::{self, StartError},
};

#[derive(Subcommand, Debug)]
pub(super) enum Keys {
    /// Create a signing key and an encryption key in files that only their owner can read; existing
    /// files are not replaced, and it is an error if both exist
    Generate,
    /// Replace the signing key with a new one after a delay; running servers reload the file
    Rotate {
        /// The time in seconds during which the new key is published before it signs; other
        /// services cache the public keys for 300 seconds
        #[arg(long, default_value = "600", value_parser = clap::value_parser!(i64).range(0..=31_622_400))]
        publish_seconds: i64,
        /// The time in seconds during which the old keys still verify tokens after that; it must
        /// not be shorter than the lifetime of the tokens (of a service token at most 366 days)
        #[arg(long, default_value = "31622400", value_parser = clap::value_parser!(i64).range(0..=31_622_400))]
        keep_seconds: i64,
    },
    /// List the signing keys and their states
    List,
    /// Remove a signing key; the tokens that it has signed become invalid
    Remove {
        /// The id of the key, as `taskhub keys list` shows it
        kid: String,
    },
}

impl Keys {
    pub(super) fn run(self, settings: &Settings) -> Result<(), StartError> {
        let (path, now) = (settings.keys_file(), Clock::System.now().seconds());
        match self {
            Self::Generate => return generate(settings),
            Self::List => {}
            Self::Rotate { publish_seconds, keep_seconds } => {
                let algorithm = settings.token_algorithm;
                keys::change(&path, |set| set.rotate(algorithm, now, publish_seconds, keep_seconds))?;
            }
            Self::Remove { kid } => keys::change(&path, |set| set.remove(&kid, now))?,
        }
        for key in keys::load(&path)?.states(now) {
            say(line(&key))?;
        }
        Ok(())
    }
}

fn generate(settings: &Settings) -> Result<(), StartError> {
    let (signing, sealing) = (settings.keys_file(), settings.encryption_file());
    if !sealing.exists() {
        state::make_encryption_key(&sealing)?;
        say(format_args!("{} has a new encryption key.", sealing.display()))?;
        if signing.exists() {
            return Ok(());
        }
    }
    let keys = keys::make(settings, &signing)?;
    say(format_args!("{} has a new {} key.", signing.display(), settings.token_algorithm))?;
    tracing::debug!(?keys, "made");
    Ok(())
}

/// The line of a key in the list.
fn line(key: &KeyState<'_>) -> String {
    let at = |seconds: i64| Instant::from_micros(seconds.saturating_mul(1_000_000));
    let standing = match key.standing {
        Standing::Waits(from) => format!("signs from {}", at(from)),
        Standing::Signs => "signs".to_owned(),
        Standing::Verifies => "verifies".to_owned(),
        Standing::Ended => "ended".to_owned(),
    };
    // A key that no longer signs verifies the tokens that it has signed.
    let until = key.until.map(at).map(|until| match key.standing {
        Standing::Waits(_) | Standing::Signs => format!(" (verifies until {until})"),
        Standing::Verifies => format!(" until {until}"),
        Standing::Ended => format!(" at {until}"),
    });
    format!("{} {:<6} {standing}{}", key.kid, key.algorithm.to_string(), until.unwrap_or_default())
}
