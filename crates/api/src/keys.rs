//! The signing keys: their file, and the set in use.
//!
//! Invariant: an unusable file never replaces a usable set. The file is replaced atomically, so
//! that nobody reads a part of it. The server reloads it every few seconds, off its async threads,
//! and needs no restart.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::{KeyError, KeySet, Signer, Verifier, keys::Standing};
use taskhub_domain::Clock;

use crate::{
    config::{Profile, Settings},
    state::{StartError, State, write_secret},
};

/// How often the file is reloaded.
const REREAD: Duration = Duration::from_secs(2);

/// The keys of a running server.
pub struct Keys {
    path: PathBuf,
    issuer: String,
    audience: String,
    clock: Clock,
    present: RwLock<Arc<Present>>,
    /// The digest of the last file, valid or not, so that an invalid file is logged once.
    read: Mutex<String>,
}

/// A set of keys, with its signer and verifier.
pub struct Present {
    /// Signs tokens.
    pub signer: Signer,
    /// Verifies tokens.
    pub verifier: Verifier,
    /// The keys.
    pub set: KeySet,
}

impl Keys {
    /// Reads the keys from the configured file. In development a missing file is created.
    pub(crate) fn open(settings: &Settings, clock: &Clock) -> Result<Self, StartError> {
        if settings.profile == Profile::Production && settings.signing_keys_file.is_none() {
            return Err(StartError::NoKeys);
        }
        let path = settings.keys_file();
        if settings.signing_keys_file.is_none() && !path.exists() {
            make(settings, &path)?;
        }
        let (issuer, audience) = (settings.public_url(), settings.token_audience.clone());
        let text = read(&path)?;
        let present = Present::of(text.expose_secret(), &issuer, &audience, clock);
        let present = RwLock::new(Arc::new(present.map_err(|error| unusable(&path, &error))?));
        let read = Mutex::new(taskhub_auth::secret::digest(text.expose_secret()));
        Ok(Self { path, issuer, audience, clock: clock.clone(), present, read })
    }

    /// The set in use.
    pub fn present(&self) -> Arc<Present> {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads the file. Returns whether it has changed. The same error is returned only once.
    fn reread(&self) -> Result<bool, StartError> {
        let text = read(&self.path);
        let what = match &text {
            Ok(text) => taskhub_auth::secret::digest(text.expose_secret()),
            Err(error) => error.to_string(),
        };
        let before =
            std::mem::replace(&mut *self.read.lock().unwrap_or_else(PoisonError::into_inner), what.clone());
        if what == before {
            return Ok(false);
        }
        let present = Present::of(text?.expose_secret(), &self.issuer, &self.audience, &self.clock);
        let present = Arc::new(present.map_err(|error| unusable(&self.path, &error))?);
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = present;
        Ok(true)
    }
}

impl Present {
    fn of(text: &str, issuer: &str, audience: &str, clock: &Clock) -> Result<Self, KeyError> {
        let set = KeySet::from_json(text)?;
        let signer = Signer::new(&set, issuer, audience)?;
        let now = clock.now().seconds();
        if !set.states(now).iter().any(|key| key.standing == Standing::Signs) {
            return Err(KeyError::NoSigningKey);
        }
        let verifier = Verifier::new(&set, issuer, audience)?;
        Ok(Self { signer, verifier, set })
    }
}

/// Reloads the file periodically, until the future is dropped.
pub(crate) async fn follow(state: State) {
    let mut ticks = tokio::time::interval(REREAD);
    loop {
        ticks.tick().await;
        let state = state.clone();
        match tokio::task::spawn_blocking(move || state.keys.reread()).await {
            Ok(Ok(false)) | Err(_) => {}
            Ok(Ok(true)) => tracing::info!("the signing keys were reloaded"),
            Ok(Err(error)) => {
                tracing::error!(%error, "the signing keys cannot be reloaded; the previous ones stay in use");
            }
        }
    }
}

/// Creates a signing key in a new file that only its owner can read.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn make(settings: &Settings, path: &Path) -> Result<KeySet, StartError> {
    let keys = KeySet::generate(settings.token_algorithm).map_err(|error| unusable(path, &error))?;
    write_secret(path, &keys.to_private_json())?;
    Ok(keys)
}

/// Reads the keys from a file.
///
/// # Errors
/// When it cannot be read, or is not a set of keys.
pub fn load(path: &Path) -> Result<KeySet, StartError> {
    KeySet::from_json(read(path)?.expose_secret()).map_err(|error| unusable(path, &error))
}

/// Changes the keys in a file. Changes are serialised and atomic. The file keeps its owner, and
/// only the owner can read it.
///
/// # Errors
/// When the change is rejected, or the file cannot be read or written.
pub fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut KeySet) -> Result<T, KeyError>,
) -> Result<T, StartError> {
    let unwritten = |why| StartError::File {
        what: format!("The signing keys in {} cannot be changed", path.display()),
        why,
    };
    let path = path.canonicalize().map_err(unwritten)?;
    let folder = fs::File::open(path.parent().unwrap_or(Path::new("/"))).map_err(unwritten)?;
    folder.lock().map_err(unwritten)?;
    let mut keys = load(&path)?;
    let outcome = change(&mut keys).map_err(|error| unusable(&path, &error))?;
    let new = path.with_extension("new");
    // The rest of an interrupted change.
    if let Err(why) = fs::remove_file(&new)
        && why.kind() != io::ErrorKind::NotFound
    {
        return Err(unwritten(why));
    }
    write_secret(&new, &keys.to_private_json())?;
    let (old, made) = (fs::metadata(&path).map_err(unwritten)?, fs::metadata(&new).map_err(unwritten)?);
    if (old.uid(), old.gid()) != (made.uid(), made.gid()) {
        std::os::unix::fs::chown(&new, Some(old.uid()), Some(old.gid())).map_err(unwritten)?;
    }
    fs::rename(&new, &path).map_err(unwritten)?;
    folder.sync_all().map_err(unwritten)?;
    Ok(outcome)
}

fn read(path: &Path) -> Result<SecretString, StartError> {
    let unread = |why| StartError::File {
        what: format!("The signing keys in {} cannot be read", path.display()),
        why,
    };
    fs::read_to_string(path).map(SecretString::from).map_err(unread)
}

fn unusable(path: &Path, error: &KeyError) -> StartError {
    StartError::Keys { path: path.display().to_string(), why: error.to_string() }
}
