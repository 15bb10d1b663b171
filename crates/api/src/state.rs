//! What the handlers share.

use std::{fs, io, path::Path, sync::Arc};

use secrecy::ExposeSecret;
use taskhub_auth::{Grant, Hasher, KeySet, Kind, Signer, Verifier};
use taskhub_domain::{Clock, Store, session::Opened, store::Shares};
use thiserror::Error;

use crate::{
    config::{Profile, Settings},
    problem::{Code, Problem},
};

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

/// What [`State`] shares.
pub struct Inner {
    /// The settings.
    pub settings: Settings,
    /// The way to everything that TaskHub knows.
    pub store: Store,
    /// Signs tokens.
    pub signer: Signer,
    /// Verifies tokens: the one for every entrance.
    pub verifier: Verifier,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// A tenant's turn at it: its signed-in callers hash one password at a time.
    pub turns: Arc<Shares>,
    /// The public keys, as a document.
    pub jwks: serde_json::Value,
    /// The URL that clients reach the server at.
    pub public_url: String,
}

impl std::ops::Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Why the server can't start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The keys.
    #[error("The signing keys in {path} can't be used: {why}")]
    Keys {
        /// Their file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// No keys where they are needed.
    #[error(
        "There are no signing keys. In production, make them with `taskhub keys generate` and name their file in TASKHUB_SIGNING_KEYS_FILE."
    )]
    NoKeys,
    /// A file or folder.
    #[error("{what}: {why}")]
    File {
        /// What was tried.
        what: String,
        /// What went wrong.
        why: io::Error,
    },
    /// The database, or what was asked of it.
    #[error("That can't be done: {0}")]
    Domain(#[from] taskhub_domain::Error),
    /// Another setting.
    #[error("{0}")]
    Setting(String),
}

impl State {
    /// Opens the database (migrating it, unless told not to) and reads the keys.
    ///
    /// # Errors
    /// A sentence that says which setting is wrong and why.
    pub async fn open(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        make_folder(&settings.data_dir)?;
        let keys = load_keys(&settings)?;
        if settings.profile == Profile::Production && settings.public_url.is_none() {
            let needed = "TASKHUB_PUBLIC_URL is not set. In production it is needed: links begin with it, and it is the issuer of tokens.";
            return Err(StartError::Setting(needed.to_owned()));
        }
        let database = settings.database();
        if settings.migrate {
            database.migrate().await?;
        }
        let store = Store::connect(&database, clock).await?;
        Self::new(settings, store, &keys)
    }

    fn new(settings: Settings, store: Store, keys: &KeySet) -> Result<Self, StartError> {
        let public_url = settings.public_url();
        let unusable = |error: taskhub_auth::KeyError| StartError::Keys {
            path: settings.keys_file().display().to_string(),
            why: error.to_string(),
        };
        let signer = Signer::new(keys, &public_url, &settings.token_audience).map_err(unusable)?;
        let verifier = Verifier::new(keys, &public_url, &settings.token_audience).map_err(unusable)?;
        let at_once = usize::from(settings.password_hashes);
        let hasher = Hasher::new(at_once, at_once * 20);
        let (jwks, turns) = (keys.to_jwks(), Arc::new(Shares::new(1)));
        Ok(Self(Arc::new(Inner { settings, store, signer, verifier, hasher, turns, jwks, public_url })))
    }

    /// An access token for a session.
    ///
    /// # Errors
    /// A fault of the server's.
    pub fn mint(&self, opened: &Opened) -> Result<String, Problem> {
        let grant = Grant {
            kind: Kind::User,
            id: opened.user.id,
            tenant: Some(opened.user.tenant_id),
            role: Some(opened.user.role.as_str().to_owned()),
            scopes: None,
            session: Some(opened.session),
            lifetime: self.settings.access_token_seconds,
        };
        self.mint_grant(&grant)
    }

    /// An access token for a grant.
    ///
    /// # Errors
    /// A fault of the server's.
    pub fn mint_grant(&self, grant: &Grant) -> Result<String, Problem> {
        let now = self.store.clock().now();
        let token = self.signer.mint(grant, now.token_id(), now.seconds());
        let token = token.map_err(|_| Problem::from(Code::Internal))?;
        Ok(token.expose_secret().to_owned())
    }
}

/// The signing keys: those of the configured file; in development one that is made when it is missing.
fn load_keys(settings: &Settings) -> Result<KeySet, StartError> {
    if settings.profile == Profile::Production && settings.signing_keys_file.is_none() {
        return Err(StartError::NoKeys);
    }
    let path = settings.keys_file();
    let shown = path.display().to_string();
    match fs::read_to_string(&path) {
        Ok(text) => {
            let keys = KeySet::from_json(&text)
                .map_err(|error| StartError::Keys { path: shown.clone(), why: error.to_string() })?;
            if keys.signs() {
                Ok(keys)
            } else {
                Err(StartError::Keys { path: shown, why: "none of them is private".to_owned() })
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && settings.signing_keys_file.is_none() => {
            make_keys(settings, &path)
        }
        Err(why) => Err(StartError::File { what: format!("The signing keys in {shown} can't be read"), why }),
    }
}

/// Makes a key and writes it where only its owner can read it.
///
/// # Errors
/// When the file is there already, or can't be written.
pub fn make_keys(settings: &Settings, path: &Path) -> Result<KeySet, StartError> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let shown = path.display().to_string();
    let keys = KeySet::generate(settings.token_algorithm)
        .map_err(|error| StartError::Keys { path: shown.clone(), why: error.to_string() })?;
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let unwritten =
        |why| StartError::File { what: format!("The signing keys can't be written to {shown}"), why };
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(unwritten)?;
    file.write_all(keys.to_private_json().expose_secret().as_bytes()).map_err(unwritten)?;
    file.sync_all().map_err(unwritten)?;
    Ok(keys)
}

/// Makes a folder that its owner alone can look into: a database and a key may lie in it.
pub(crate) fn make_folder(folder: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|why| StartError::File {
        what: format!("The folder {} can't be made", folder.display()),
        why,
    })
}
