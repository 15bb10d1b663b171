//! `taskhub migrate`.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use taskhub_domain::repository::Database;

use super::say;
use crate::{
    config::{Profile, Settings},
    state::StartError,
};

#[derive(Args, Debug)]
pub(super) struct Migrate {
    #[command(subcommand)]
    direction: Option<Direction>,
}

#[derive(Subcommand, Debug)]
enum Direction {
    /// Apply what is missing (the default)
    Up,
    /// Take the latest migrations back, with the tables and columns that they added
    Down(Down),
    /// Show which are applied
    Status,
}

#[derive(Args, Debug)]
struct Down {
    /// How many
    #[arg(long, default_value = "1")]
    steps: u32,
    /// Really: without it, the command only prints what would be lost
    #[arg(long)]
    yes: bool,
    /// In production too
    #[arg(long)]
    in_production: bool,
}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings) -> Result<(), StartError> {
        crate::state::make_folder(&settings.data_dir)?;
        let database = settings.reachable_database().await?;
        match self.direction.unwrap_or(Direction::Up) {
            Direction::Up => database.migrate().await?,
            Direction::Down(down) => down.run(&database, settings.profile).await?,
            Direction::Status => {}
        }
        for migration in database.migrations().await? {
            say(format_args!(
                "{} {}",
                if migration.applied { "applied" } else { "missing" },
                migration.name
            ))?;
        }
        Ok(())
    }
}

impl Down {
    async fn run(&self, database: &Database, profile: Profile) -> Result<(), StartError> {
        print_losses(database, self.steps).await?;
        if !self.yes {
            return Err(refusal("Nothing was changed. Say --yes to lose this data."));
        }
        if profile == Profile::Production && !self.in_production {
            return Err(refusal("Nothing was changed. In production, say --in-production as well."));
        }
        Ok(database.migrate_down(Some(self.steps)).await?)
    }
}

fn refusal(sentence: &str) -> StartError {
    StartError::Setting(sentence.to_owned())
}

/// Prints the tables and columns that are lost. A column of a lost table is not named.
async fn print_losses(database: &Database, steps: u32) -> Result<(), StartError> {
    let losses = database.losses(steps).await?;
    let whole = losses.iter().filter(|loss| loss.column.is_none());
    let tables: BTreeSet<_> = whole.map(|loss| loss.table.as_str()).collect();
    for loss in &losses {
        match &loss.column {
            None => say(format_args!("loses table {} with {} rows", loss.table, loss.rows))?,
            Some(column) if !tables.contains(loss.table.as_str()) => {
                say(format_args!("loses column {column} of {}, which has {} rows", loss.table, loss.rows))?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}
