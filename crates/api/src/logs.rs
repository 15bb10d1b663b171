//! Structured logs: to the console and, if configured, to rotating files.
//!
//! They are plain text in development and JSON in production. Lines are buffered in memory, so that
//! no request waits for a disk. The returned guards write the rest when they are dropped.

use std::{io::BufWriter, path::Path};

use file_rotate::{ContentLimit, FileRotate, compression::Compression, suffix::AppendCount};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    config::{Profile, Settings},
    state::StartError,
};

/// The size of a log file in bytes, and the number of files.
const BYTES: usize = 10_000_000;
const FILES: usize = 10;

/// Silences a library that logs invalid HTTP from a client as an error, unless a setting enables
/// it.
const QUIET: &str = "actix_http::h1::dispatcher=off";

/// Starts logging. Drop the guards last.
///
/// # Errors
/// When the log levels are invalid, or the folder cannot be used.
pub fn start(settings: &Settings) -> Result<Vec<WorkerGuard>, StartError> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", settings.log))
        .map_err(|error| StartError::Setting(format!("TASKHUB_LOG is invalid: {error}")))?;
    // Lines are written in batches: the writer flushes when none is waiting.
    let (console, guard) = tracing_appender::non_blocking(BufWriter::new(std::io::stdout()));
    let mut guards = vec![guard];
    let json = settings.profile == Profile::Production;
    let mut layers = vec![layer(console, json)];
    if let Some(folder) = &settings.log_dir {
        std::fs::create_dir_all(folder).map_err(|why| StartError::File {
            what: format!("The folder {} cannot be created", folder.display()),
            why,
        })?;
        let (all, guard) = tracing_appender::non_blocking(file(&folder.join("taskhub.log"), BYTES));
        guards.push(guard);
        layers.push(layer(all, true));
        let (errors, guard) = tracing_appender::non_blocking(file(&folder.join("errors.log"), BYTES));
        guards.push(guard);
        layers.push(layer(errors, true).with_filter(LevelFilter::ERROR).boxed());
    }
    let started = tracing_subscriber::registry().with(layers.with_filter(filter)).try_init();
    started.map_err(|error| StartError::Setting(format!("Logging cannot be started: {error}")))?;
    Ok(guards)
}

fn layer(writer: NonBlocking, json: bool) -> Box<dyn Layer<Registry> + Send + Sync> {
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    if json {
        layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    } else {
        layer.boxed()
    }
}

/// A file that rotates after this number of bytes.
fn file(path: &Path, bytes: usize) -> FileRotate<AppendCount> {
    FileRotate::new(
        path,
        AppendCount::new(FILES - 1),
        ContentLimit::BytesSurpassed(bytes),
        Compression::None,
        None,
    )
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::{FILES, file};

    #[test]
    fn files_rotate_and_the_oldest_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = file(&folder.path().join("taskhub.log"), 1_000);
        for number in 0..500 {
            writeln!(log, "{number:0>99}").unwrap();
        }
        log.flush().unwrap();
        let sizes: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .collect();
        assert_eq!(sizes.len(), FILES);
        assert!(sizes.iter().all(|size| *size <= 1_100), "{sizes:?}");
    }
}
