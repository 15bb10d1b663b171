//! Checks of external services at start: the folder or bucket of files, and the name of the mail
//! server. They run before migrations, so that an invalid setting changes nothing.

use std::{fs, path::Path, time::Duration};

use taskhub_auth::secret::random;
use taskhub_domain::file::Place;

use crate::{
    background::mail::Sending,
    config::Settings,
    state::{StartError, bucket_options, open_depot},
};

/// The time limit for a name look-up or a request to a bucket.
const PATIENCE: Duration = Duration::from_secs(10);
/// The other sources of credentials for a bucket, in addition to a key pair and the role of the
/// machine.
const SOURCES: [&str; 4] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
];

/// Checks the folder or bucket, and the mail server.
///
/// # Errors
/// A message with the setting and the cause.
pub(crate) async fn check(settings: &Settings) -> Result<(), StartError> {
    check_files(settings)
        .await
        .map_err(|why| StartError::Setting(format!("TASKHUB_FILES cannot be used: {why}")))?;
    check_mail(settings)
        .await
        .map_err(|why| StartError::Setting(format!("TASKHUB_MAIL cannot be used: {why}")))
}

async fn check_files(settings: &Settings) -> Result<(), String> {
    match settings.files() {
        Place::Folder(folder) => check_folder(settings, &folder),
        Place::Bucket { name, .. } => check_bucket(settings, &name).await,
    }
}

/// Writes a file into the folder and deletes it.
fn check_folder(settings: &Settings, folder: &Path) -> Result<(), String> {
    let _ = open_depot(settings).map_err(|error| error.to_string())?;
    let file = folder.join(format!(".writable-{:032x}", u128::from_ne_bytes(random())));
    let written = fs::File::create_new(&file).and_then(|_| fs::remove_file(&file));
    written.map_err(|why| format!("the folder {} is not writable: {why}", folder.display()))
}

async fn check_bucket(settings: &Settings, name: &str) -> Result<(), String> {
    let options = bucket_options();
    let is_set = |wanted: &str| options.iter().any(|(name, value)| name == wanted && !value.is_empty());
    let (id, secret) = (is_set("AWS_ACCESS_KEY_ID"), is_set("AWS_SECRET_ACCESS_KEY"));
    if id != secret {
        let missing = if id { "AWS_SECRET_ACCESS_KEY" } else { "AWS_ACCESS_KEY_ID" };
        return Err(format!("{missing} is not set."));
    }
    let blob_store = open_depot(settings).map_err(|error| error.to_string())?;
    let reached = tokio::time::timeout(PATIENCE, blob_store.reach()).await;
    let reached =
        reached.unwrap_or_else(|_| Err(format!("no response within {} seconds", PATIENCE.as_secs())));
    reached.map_err(|why| {
        if id || SOURCES.iter().any(|source| is_set(source)) {
            format!("the bucket {name} cannot be listed: {why}")
        } else {
            format!(
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and this machine has no role that can \
                 list the bucket {name}: {why}"
            )
        }
    })
}

async fn check_mail(settings: &Settings) -> Result<(), String> {
    let Sending::Smtp(smtp) = settings.sending() else { return Ok(()) };
    let (host, port) = smtp.address();
    match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("the host {host} was not found: {error}")),
        Err(_) => Err(format!("the host {host} was not found within {} seconds", PATIENCE.as_secs())),
    }
}
