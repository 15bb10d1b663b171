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
    /// Make a signing key and an encryption key, readable by their owner alone; one that is there is left as it is, and when both are, that
    /// is an error
    Generate,
    /// Put a new signing key in the place of the present one, in time: running servers read the file again by themselves
    Rotate {
        /// Seconds that the new key is published before it signs: others keep the public keys for 300
        #[arg(long, default_value = "600", value_parser = clap::value_parser!(i64).range(0..=31_622_400))]
        publish_seconds: i64,
        /// Seconds that the old keys stay after that: the longest life of a token that they have signed (of a service's, 366 days)
        #[arg(long, default_value = "31622400", value_parser = clap::value_parser!(i64).range(0..=31_622_400))]
        keep_seconds: i64,
    },
    /// List the signing keys and what each does
    List,
    /// Take a signing key away: no token that it signed is good any more
    Remove {
        /// Its id, as `taskhub keys list` shows it
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

/// A key for people.
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
