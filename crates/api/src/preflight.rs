//! What lies outside and must be there at the start: the folder or bucket of files, and the mail server's
//! name. They are looked for before anything is migrated, so that a mistyped setting changes
//! nothing.

use std::{fs, path::Path, time::Duration};

use taskhub_auth::secret::random;
use taskhub_domain::file::Place;

use crate::{
    background::mail::Sending,
    config::Settings,
    state::{StartError, bucket_options, open_depot},
};

/// How long a name or a bucket may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a bucket's credentials can come from, beside a pair of keys and the machine's own role.
const SOURCES: [&str; 4] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
];

/// Looks for the bucket and the mail server.
///
/// # Errors
/// A sentence that names the setting and the cause.
pub(crate) async fn check(settings: &Settings) -> Result<(), StartError> {
    check_files(settings)
        .await
        .map_err(|why| StartError::Setting(format!("TASKHUB_FILES can't be used: {why}")))?;
    check_mail(settings)
        .await
        .map_err(|why| StartError::Setting(format!("TASKHUB_MAIL can't be used: {why}")))
}

async fn check_files(settings: &Settings) -> Result<(), String> {
    match settings.files() {
        Place::Folder(folder) => check_folder(settings, &folder),
        Place::Bucket { name, .. } => check_bucket(settings, &name).await,
    }
}

/// Writes a file into the folder, and removes it.
fn check_folder(settings: &Settings, folder: &Path) -> Result<(), String> {
    let _ = open_depot(settings).map_err(|error| error.to_string())?;
    let file = folder.join(format!(".writable-{:032x}", u128::from_ne_bytes(random())));
    let written = fs::File::create_new(&file).and_then(|_| fs::remove_file(&file));
    written.map_err(|why| format!("nothing can be written into {}: {why}", folder.display()))
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
    let reached = reached.unwrap_or_else(|_| Err(format!("no answer within {} seconds", PATIENCE.as_secs())));
    reached.map_err(|why| {
        if id || SOURCES.iter().any(|source| is_set(source)) {
            format!("the bucket {name} can't be listed: {why}")
        } else {
            format!(
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and this machine has no role that lists \
                 the bucket {name}: {why}"
            )
        }
    })
}

async fn check_mail(settings: &Settings) -> Result<(), String> {
    let Sending::Smtp(smtp) = settings.sending() else { return Ok(()) };
    let (host, port) = smtp.address();
    match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("the host {host} is not found: {error}")),
        Err(_) => Err(format!("the host {host} is not found within {} seconds", PATIENCE.as_secs())),
    }
}
