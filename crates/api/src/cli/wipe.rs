//! `taskhub wipe`.

use clap::Args;

use super::say;
use crate::{
    config::{Profile, Settings},
    state::StartError,
};

#[derive(Args, Debug)]
pub(super) struct Wipe {
    /// Confirm that all rows are deleted
    #[arg(long)]
    yes: bool,
}

impl Wipe {
    pub(super) async fn run(self, settings: &Settings) -> Result<(), StartError> {
        if settings.profile != Profile::Development {
            return Err(StartError::Setting(
                "Only the database of a development server can be wiped.".to_owned(),
            ));
        }
        if !self.yes {
            return Err(StartError::Setting(
                "Nothing was changed. To delete all rows of the database, add --yes.".to_owned(),
            ));
        }
        let database = settings.reachable_database().await?;
        database.migrate_down(None).await?;
        database.migrate().await?;
        say("The database now has no rows. The stored files were not deleted.")
    }
}
