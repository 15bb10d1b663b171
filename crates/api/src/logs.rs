//! Logs: structured, to the console and, by setting, to files that rotate.
//!
//! In development they are for people, in production JSON. What is written to a file waits in memory for a moment, so that no request waits
//! for a disk; the guard that is returned writes the rest when it is dropped.

use std::{io::BufWriter, path::Path};

use file_rotate::{ContentLimit, FileRotate, compression::Compression, suffix::AppendCount};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    config::{Profile, Settings},
    state::StartError,
};

/// The most bytes of one file, and how many are kept.
const BYTES: usize = 10_000_000;
const FILES: usize = 10;

/// What is left out unless a setting names it: that library calls it an error of the server's when a client sends what is no HTTP.
const QUIET: &str = "actix_http::h1::dispatcher=off";

/// Starts logging. Drop the guards last.
///
/// # Errors
/// When the setting of levels can't be read, or the folder can't be used.
pub fn start(settings: &Settings) -> Result<Vec<WorkerGuard>, StartError> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", settings.log))
        .map_err(|error| StartError::Setting(format!("TASKHUB_LOG can't be read: {error}")))?;
    // Lines that come together are written together: the writer flushes when none waits.
    let (console, guard) = tracing_appender::non_blocking(BufWriter::new(std::io::stdout()));
    let mut guards = vec![guard];
    let json = settings.profile == Profile::Production;
    let mut layers = vec![layer(console, json)];
    if let Some(folder) = &settings.log_dir {
        std::fs::create_dir_all(folder).map_err(|why| StartError::File {
            what: format!("The folder {} can't be made", folder.display()),
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
    started.map_err(|error| StartError::Setting(format!("Logging can't be started: {error}")))?;
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

/// A file that begins anew after so many bytes; earlier ones are kept beside it.
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
    fn files_rotate_and_the_oldest_go() {
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
