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
    /// Apply the missing migrations (the default)
    Up,
    /// Revert the latest migrations and delete the tables and columns that they added
    Down(Down),
    /// Show which migrations are applied
    Status,
}

#[derive(Args, Debug)]
struct Down {
    /// The number of migrations to revert
    #[arg(long, default_value = "1")]
    steps: u32,
    /// Confirm; without it the command only prints what would be deleted
    #[arg(long)]
    yes: bool,
    /// Confirm that this is a production database; required in production
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
            return Err(refusal("Nothing was changed. To delete this data, add --yes."));
        }
        if profile == Profile::Production && !self.in_production {
            return Err(refusal("Nothing was changed. In production, add --in-production too."));
        }
        Ok(database.migrate_down(Some(self.steps)).await?)
    }
}

fn refusal(sentence: &str) -> StartError {
    StartError::Setting(sentence.to_owned())
}

/// Prints the tables and columns that are deleted, without the columns of deleted tables.
async fn print_losses(database: &Database, steps: u32) -> Result<(), StartError> {
    let losses = database.losses(steps).await?;
    let whole = losses.iter().filter(|loss| loss.column.is_none());
    let tables: BTreeSet<_> = whole.map(|loss| loss.table.as_str()).collect();
    for loss in &losses {
        match &loss.column {
            None => say(format_args!("deletes table {} with {} rows", loss.table, loss.rows))?,
            Some(column) if !tables.contains(loss.table.as_str()) => {
                say(format_args!("deletes column {column} of table {} with {} rows", loss.table, loss.rows))?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}
