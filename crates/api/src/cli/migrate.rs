//! `taskhub migrate`.

use clap::Subcommand;

use super::say;
use crate::{config::Settings, state::StartError};

#[derive(Subcommand, Debug)]
pub(super) enum Migrate {
    /// Apply what is missing
    Up,
    /// Take the latest migrations back
    Down {
        /// How many
        #[arg(long, default_value = "1")]
        steps: u32,
    },
    /// Show which are applied
    Status,
}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings) -> Result<(), StartError> {
        crate::state::make_folder(&settings.data_dir)?;
        let database = settings.database();
        match self {
            Self::Up => database.migrate().await?,
            Self::Down { steps } => database.migrate_down(Some(steps)).await?,
            Self::Status => {}
        }
        for migration in database.migrations().await? {
            say(format_args!("{} {}", if migration.applied { "applied" } else { "missing" }, migration.name));
        }
        Ok(())
    }
}
