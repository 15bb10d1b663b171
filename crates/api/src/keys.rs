//! The signing keys: their file, and the set that the server goes by at this moment.
//!
//! Invariant: a file that can't be used never takes the place of a set that could. The file is replaced whole, so that nobody reads half of one;
//! the server reads it again every few seconds, off its own threads, and goes by what it says without a restart.

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

/// How often the file is read again.
const REREAD: Duration = Duration::from_secs(2);

/// The keys of a running server.
pub struct Keys {
    path: PathBuf,
    issuer: String,
    audience: String,
    clock: Clock,
    present: RwLock<Arc<Present>>,
    /// What was read last, good or bad, so that a bad file is complained of once.
    read: Mutex<String>,
}

/// A set of keys, and what is made of it.
pub struct Present {
    /// Signs tokens.
    pub signer: Signer,
    /// Verifies tokens: the one for every entrance.
    pub verifier: Verifier,
    /// The keys.
    pub set: KeySet,
}

impl Keys {
    /// The keys of the configured file; in development one that is made when it is missing.
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

    /// The set of this moment.
    pub fn present(&self) -> Arc<Present> {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again; whether there was something new in it. What was complained of before is not complained of again.
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

/// Follows the file, until the future is dropped.
pub(crate) async fn follow(state: State) {
    let mut ticks = tokio::time::interval(REREAD);
    loop {
        ticks.tick().await;
        let state = state.clone();
        match tokio::task::spawn_blocking(move || state.keys.reread()).await {
            Ok(Ok(false)) | Err(_) => {}
            Ok(Ok(true)) => tracing::info!("the signing keys were read anew"),
            Ok(Err(error)) => tracing::error!(%error, "the signing keys stay as they were"),
        }
    }
}

/// Makes a key and writes it where only its owner can read it.
///
/// # Errors
/// When the file is there already, or can't be written.
pub fn make(settings: &Settings, path: &Path) -> Result<KeySet, StartError> {
    let keys = KeySet::generate(settings.token_algorithm).map_err(|error| unusable(path, &error))?;
    write_secret(path, &keys.to_private_json())?;
    Ok(keys)
}

/// The keys of a file.
///
/// # Errors
/// When it can't be read, or is no set of keys.
pub fn load(path: &Path) -> Result<KeySet, StartError> {
    KeySet::from_json(read(path)?.expose_secret()).map_err(|error| unusable(path, &error))
}

/// Changes the keys of a file: one change after the other, and each whole or not at all. The file keeps its owner, who alone can read it.
///
/// # Errors
/// When the change is refused, or the file can't be read or written.
pub fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut KeySet) -> Result<T, KeyError>,
) -> Result<T, StartError> {
    let unwritten = |why| StartError::File {
        what: format!("The signing keys in {} can't be changed", path.display()),
        why,
    };
    let path = path.canonicalize().map_err(unwritten)?;
    let folder = fs::File::open(path.parent().unwrap_or(Path::new("/"))).map_err(unwritten)?;
    folder.lock().map_err(unwritten)?;
    let mut keys = load(&path)?;
    let outcome = change(&mut keys).map_err(|error| unusable(&path, &error))?;
    let new = path.with_extension("new");
    // What a change that was cut off has left.
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
    let unread =
        |why| StartError::File { what: format!("The signing keys in {} can't be read", path.display()), why };
    fs::read_to_string(path).map(SecretString::from).map_err(unread)
}

fn unusable(path: &Path, error: &KeyError) -> StartError {
    StartError::Keys { path: path.display().to_string(), why: error.to_string() }
}
