//! `taskhub keys`.

use clap::Subcommand;

use super::say;
use crate::{config::Settings, state};

#[derive(Subcommand, Debug)]
pub(super) enum Keys {
    /// Make a key and write it to TASKHUB_SIGNING_KEYS_FILE (or the data folder), readable by its owner alone
    Generate,
}

impl Keys {
    pub(super) fn run(self, settings: &Settings) -> Result<(), state::StartError> {
        let Self::Generate = self;
        let path = settings.keys_file();
        let keys = state::make_keys(settings, &path)?;
        say(format_args!("{} has a new {} key.", path.display(), settings.token_algorithm));
        tracing::debug!(?keys, "made");
        Ok(())
    }
}
