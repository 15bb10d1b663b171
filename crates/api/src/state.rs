//! What the handlers share.

use std::{env, fs, io, path::Path, sync::Arc};

use secrecy::{ExposeSecret, SecretString};
use taskhub_auth::{Cipher, Grant, Hasher, Kind};
use taskhub_domain::{
    Clock, Repository,
    credential::Granted,
    file::{BlobStore, Place},
    picture::ImageProcessor,
    repository::TenantLimiter,
    session::Opened,
};
use thiserror::Error;

use crate::{
    background::{link_requests::LinkRequests, security_events::Incidents},
    config::{Profile, Settings},
    http::{
        authentication::Exchanged,
        problem::{Code, Problem},
        streams::Streams,
    },
    keys::Keys,
    shutdown::Stopping,
};

/// The most files that are received at once, of which one tenant has a third. Each takes up to two parts of 5 MiB of memory.
const UPLOADS: u32 = 48;

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

/// What [`State`] shares.
pub struct Inner {
    /// The settings.
    pub settings: Settings,
    /// The way to everything that TaskHub knows.
    pub repository: Repository,
    /// What signs and verifies tokens.
    pub keys: Keys,
    /// The personal access tokens that were used lately.
    pub exchanged: Exchanged,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Draws pictures.
    pub image_processor: ImageProcessor,
    /// A tenant's turn at these two: its signed-in callers hash one password, or have one picture drawn, at a time.
    pub turns: Arc<TenantLimiter>,
    /// Where files lie.
    pub blob_store: BlobStore,
    /// A tenant's places for files that are received.
    pub uploads: Arc<TenantLimiter>,
    /// What was refused, on its way to the audit.
    pub incidents: Incidents,
    /// The streams of changes that are open.
    pub streams: Streams,
    /// The requests for links by mail that were accepted and are not done yet.
    pub link_requests: LinkRequests,
    /// The URL that clients reach the server at.
    pub public_url: String,
    /// Whether the server's end has begun.
    pub stopping: Stopping,
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
    /// The encryption key.
    #[error("The encryption key in {path} can't be used: {why}")]
    EncryptionKey {
        /// Its file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// No encryption key where one is needed.
    #[error(
        "There is no encryption key. In production, make it with `taskhub keys generate` and name its file in TASKHUB_ENCRYPTION_KEY_FILE."
    )]
    NoEncryptionKey,
    /// A file or folder.
    #[error("{what}: {why}")]
    File {
        /// What was tried.
        what: String,
        /// What went wrong.
        why: io::Error,
    },
    /// The database, or what was asked of it.
    #[error("{}", sentence(.0))]
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
        let keys = Keys::open(&settings, &clock)?;
        if settings.profile == Profile::Production && settings.public_url.is_none() {
            let needed = "TASKHUB_PUBLIC_URL is not set. In production it is needed: links begin with it, and it is the issuer of tokens.";
            return Err(StartError::Setting(needed.to_owned()));
        }
        // All settings are checked before anything is changed.
        let (cipher, blob_store) = (load_cipher(&settings)?, open_depot(&settings)?);
        let database = settings.reachable_database().await?;
        if settings.migrate {
            database.migrate().await?;
        }
        let repository = Box::pin(Repository::connect(&database, cipher, clock)).await?;
        let at_once = usize::from(settings.password_hashes);
        let (hasher, turns) = (
            Hasher::with_cost(at_once, at_once * 50, settings.password_cost),
            Arc::new(TenantLimiter::new(1)),
        );
        let (public_url, exchanged) = (settings.public_url(), Exchanged::default());
        let (image_processor, incidents) = (ImageProcessor::default(), Incidents::default());
        let uploads = Arc::new(TenantLimiter::new(UPLOADS));
        let streams = Streams::new(settings.streams, settings.streams_each);
        let link_requests = LinkRequests::default();
        Ok(Self(Arc::new(Inner {
            settings,
            repository,
            keys,
            exchanged,
            hasher,
            image_processor,
            turns,
            blob_store,
            uploads,
            incidents,
            streams,
            link_requests,
            public_url,
            stopping: Stopping::default(),
        })))
    }

    /// An access token for a session.
    ///
    /// # Errors
    /// A fault of the server's.
    pub fn mint_session(&self, opened: &Opened) -> Result<SecretString, Problem> {
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

    /// An access token for a grant, as of now.
    ///
    /// # Errors
    /// A fault of the server's.
    pub fn mint_grant(&self, grant: &Grant) -> Result<SecretString, Problem> {
        self.mint(&Granted { grant: grant.clone(), at: self.repository.clock().now() })
    }

    /// An access token for what was granted, as of then.
    ///
    /// # Errors
    /// A fault of the server's.
    pub fn mint(&self, Granted { grant, at }: &Granted) -> Result<SecretString, Problem> {
        let token = self.keys.present().signer.mint(grant, at.token_id(), at.seconds());
        token.map_err(|_| Code::Internal.into())
    }
}

/// What the operator reads of an error: its own sentence, if it has one.
fn sentence(error: &taskhub_domain::Error) -> String {
    match error.detail() {
        Some(detail) if error.fields().is_empty() && error.cause().is_none() => detail.to_owned(),
        _ => format!("That can't be done: {error}"),
    }
}

/// The blob_store of files: in a folder that is made when it is missing, or in a bucket.
pub(crate) fn open_depot(settings: &Settings) -> Result<BlobStore, StartError> {
    let place = settings.files();
    if let Place::Folder(folder) = &place {
        make_folder(folder)?;
    }
    BlobStore::open(&place, &bucket_options())
        .map_err(|error| StartError::Setting(format!("TASKHUB_FILES can't be used: {error}")))
}

/// How a bucket is reached: by variables with names and meanings of their own, read as its other clients read them.
pub(crate) fn bucket_options() -> Vec<(String, String)> {
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    variables.filter(|(name, _)| name.starts_with("AWS_")).collect()
}

/// The cipher with the key of the configured file; in development one that is made when it is missing.
pub(crate) fn load_cipher(settings: &Settings) -> Result<Cipher, StartError> {
    if settings.profile == Profile::Production && settings.encryption_key_file.is_none() {
        return Err(StartError::NoEncryptionKey);
    }
    let path = settings.encryption_file();
    let shown = path.display().to_string();
    let key = match fs::read_to_string(&path) {
        Ok(text) => SecretString::from(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound && settings.encryption_key_file.is_none() => {
            make_encryption_key(&path)?
        }
        Err(why) => {
            return Err(StartError::File {
                what: format!("The encryption key in {shown} can't be read"),
                why,
            });
        }
    };
    Cipher::new(&key).map_err(|error| StartError::EncryptionKey { path: shown, why: error.to_string() })
}

/// Makes a key for encryption and writes it where only its owner can read it.
///
/// # Errors
/// When the file is there already, or can't be written.
pub fn make_encryption_key(path: &Path) -> Result<SecretString, StartError> {
    let key = taskhub_auth::secret::opaque();
    write_secret(path, &key)?;
    Ok(key)
}

/// Writes a new file that only its owner can read.
pub(crate) fn write_secret(path: &Path, secret: &SecretString) -> Result<(), StartError> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let unwritten =
        |why| StartError::File { what: format!("The key can't be written to {}", path.display()), why };
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(unwritten)?;
    file.write_all(secret.expose_secret().as_bytes()).map_err(unwritten)?;
    file.sync_all().map_err(unwritten)
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
