//! `taskhub serve`.

use taskhub_domain::Clock;

use super::say;
use crate::{
    config::{Profile, Settings},
    document, logs, server,
    state::{StartError, State},
};

pub(super) async fn run(settings: Settings) -> Result<(), StartError> {
    let guards = logs::start(&settings)?;
    let (profile, migrate) = (settings.profile, settings.migrate);
    let listener = server::listen(&settings)?;
    let state = State::open(settings, Clock::System).await?;
    let url = state.public_url.clone();
    let document = document::build().map_err(|error| StartError::Setting(error.to_string()))?;
    let server = server::bind(state, listener, &document)?;
    tracing::info!(address = %server.address, ?profile, migrate, "TaskHub listens");
    if profile == Profile::Development {
        say(format_args!("TaskHub is at {url} — docs at {url}/api/docs/ and {url}/api/redoc"));
    }
    let ended = server.running.await;
    server.background.end().await;
    drop(guards);
    ended.map_err(|why| StartError::File { what: "The server failed".to_owned(), why })
}
