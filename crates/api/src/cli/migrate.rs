//! `taskhub migrate`.

use clap::{Args, Subcommand};

use super::say;
use crate::{config::Settings, state::StartError};

#[derive(Args, Debug)]
pub(super) struct Migrate {
    #[command(subcommand)]
    direction: Option<Direction>,
}

#[derive(Subcommand, Debug)]
enum Direction {
    /// Apply what is missing (the default)
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
        match self.direction.unwrap_or(Direction::Up) {
            Direction::Up => database.migrate().await?,
            Direction::Down { steps } => database.migrate_down(Some(steps)).await?,
            Direction::Status => {}
        }
        for migration in database.migrations().await? {
            say(format_args!("{} {}", if migration.applied { "applied" } else { "missing" }, migration.name));
        }
        Ok(())
    }
}
