//! `taskhub serve`.

use std::path::PathBuf;

use taskhub_domain::Clock;

use super::say;
use crate::{
    config::{Profile, Settings},
    logs, openapi, preflight, server,
    state::{StartError, State},
};

/// Runs the server until it is stopped. `environment` is the file from which settings were read.
pub(super) async fn run(settings: Settings, environment: Option<PathBuf>) -> Result<(), StartError> {
    let guards = logs::start(&settings)?;
    if let Some(file) = environment {
        tracing::info!(file = %file.display(), "settings were read from a file");
    }
    let (profile, migrate) = (settings.profile, settings.migrate);
    let listener = server::listen(&settings)?;
    preflight::check(&settings).await?;
    let state = State::open(settings, Clock::System).await?;
    let url = state.public_url.clone();
    let document = openapi::build_with(state.settings.page_size.into());
    let document = document.map_err(|error| StartError::Setting(error.to_string()))?;
    let server = server::bind(state, listener, &document)?;
    tracing::info!(address = %server.address, ?profile, migrate, "TaskHub listens");
    if profile == Profile::Development {
        say(format_args!("TaskHub is at {url} — documentation at {url}/api/docs/ and {url}/api/redoc"))?;
    }
    let ended = server.running.await;
    server.background.end().await;
    drop(guards);
    ended.map_err(|why| StartError::File { what: "The server failed".to_owned(), why })
}
