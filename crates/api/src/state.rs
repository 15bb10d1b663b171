//! The shared state of the handlers, and how it is opened.

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
    background::{link_requests::LinkRequests, security_events::SecurityEvents},
    config::{Profile, Settings},
    http::{
        authentication::Exchanged,
        problem::{Code, Problem},
        streams::Streams,
    },
    keys::Keys,
    shutdown::Stopping,
};

/// The most uploads at once; one tenant can have a third of them. Each takes up to two parts of 5
/// MiB of memory.
const UPLOADS: u32 = 48;

/// The shared state of the handlers. Cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

/// The content of a [`State`].
pub struct Inner {
    /// The settings.
    pub settings: Settings,
    /// The repository.
    pub repository: Repository,
    /// The signing keys.
    pub keys: Keys,
    /// The cache of personal access tokens.
    pub exchanged: Exchanged,
    /// The password hasher.
    pub hasher: Hasher,
    /// The image processor.
    pub image_processor: ImageProcessor,
    /// The limiter of these two per tenant: its authenticated callers hash one password, or process
    /// one picture, at a time.
    pub turns: Arc<TenantLimiter>,
    /// The blob store.
    pub blob_store: BlobStore,
    /// The limiter of uploads per tenant.
    pub uploads: Arc<TenantLimiter>,
    /// The security events on their way to the audit log.
    pub security_events: SecurityEvents,
    /// The open event streams.
    pub streams: Streams,
    /// The accepted requests for links by email.
    pub link_requests: LinkRequests,
    /// The URL at which clients reach the server.
    pub public_url: String,
    /// Whether the server is shutting down.
    pub stopping: Stopping,
}

impl std::ops::Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The reason why the server cannot start, or why a command failed.
#[derive(Debug, Error)]
pub enum StartError {
    /// The signing keys cannot be used.
    #[error("The signing keys in {path} cannot be used: {why}")]
    Keys {
        /// Their file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// There are no signing keys in production.
    #[error(
        "There are no signing keys. In production, create them with `taskhub keys generate` and set TASKHUB_SIGNING_KEYS_FILE to their file."
    )]
    NoKeys,
    /// The encryption key cannot be used.
    #[error("The encryption key in {path} cannot be used: {why}")]
    EncryptionKey {
        /// Its file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// There is no encryption key in production.
    #[error(
        "There is no encryption key. In production, create it with `taskhub keys generate` and set TASKHUB_ENCRYPTION_KEY_FILE to its file."
    )]
    NoEncryptionKey,
    /// An operation on a file or folder failed.
    #[error("{what}: {why}")]
    File {
        /// The operation that failed.
        what: String,
        /// The cause.
        why: io::Error,
    },
    /// An error of the database or of an operation.
    #[error("{}", sentence(.0))]
    Domain(#[from] taskhub_domain::Error),
    /// Another message, for example about a setting.
    #[error("{0}")]
    Setting(String),
}

impl From<Problem> for StartError {
    fn from(problem: Problem) -> Self {
        Self::Setting(problem.code().title().to_owned())
    }
}

impl State {
    /// Reads the keys and opens the database, and migrates it if the setting says so.
    ///
    /// # Errors
    /// A message with the invalid setting and the reason.
    pub async fn open(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        make_folder(&settings.data_dir)?;
        let keys = Keys::open(&settings, &clock)?;
        if settings.profile == Profile::Production && settings.public_url.is_none() {
            let needed = "TASKHUB_PUBLIC_URL is not set. It is required in production: links begin with it, and it is the issuer of tokens.";
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
        let (image_processor, security_events) = (ImageProcessor::default(), SecurityEvents::default());
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
            security_events,
            streams,
            link_requests,
            public_url,
            stopping: Stopping::default(),
        })))
    }

    /// An access token for a session.
    ///
    /// # Errors
    /// `Internal`.
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

    /// An access token for a grant, issued now.
    ///
    /// # Errors
    /// `Internal`.
    pub fn mint_grant(&self, grant: &Grant) -> Result<SecretString, Problem> {
        self.mint(&Granted { grant: grant.clone(), at: self.repository.clock().now() })
    }

    /// An access token for a grant, issued at the time of the grant.
    ///
    /// # Errors
    /// `Internal`.
    pub fn mint(&self, Granted { grant, at }: &Granted) -> Result<SecretString, Problem> {
        let token = self.keys.present().signer.mint(grant, at.token_id(), at.seconds());
        token.map_err(|_| Code::Internal.into())
    }
}

/// The message of a domain error for the operator: its detail and the wrong fields, or else the
/// title of its code. The cause follows, if there is one.
fn sentence(error: &taskhub_domain::Error) -> String {
    let fields = error.fields().iter();
    let fields: Vec<_> =
        fields.map(|field| format!("{}: {}", field.pointer.trim_start_matches('/'), field.message)).collect();
    let text = match error.detail() {
        None if fields.is_empty() => Code::from(error.kind()).title().to_owned(),
        detail => detail.map(str::to_owned).into_iter().chain(fields).collect::<Vec<_>>().join(" "),
    };
    match error.cause() {
        Some(cause) => format!("{text} The cause: {cause}"),
        None => text,
    }
}

/// Opens the blob store: a folder, which is created if it is missing, or a bucket.
pub(crate) fn open_depot(settings: &Settings) -> Result<BlobStore, StartError> {
    let place = settings.files();
    if let Place::Folder(folder) = &place {
        make_folder(folder)?;
    }
    BlobStore::open(&place, &bucket_options())
        .map_err(|error| StartError::Setting(format!("TASKHUB_FILES cannot be used: {error}")))
}

/// The options for a bucket: the standard `AWS_…` environment variables.
pub(crate) fn bucket_options() -> Vec<(String, String)> {
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    variables.filter(|(name, _)| name.starts_with("AWS_")).collect()
}

/// The cipher with the key in the configured file. In development a missing key is created.
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
                what: format!("The encryption key in {shown} cannot be read"),
                why,
            });
        }
    };
    Cipher::new(&key).map_err(|error| StartError::EncryptionKey { path: shown, why: error.to_string() })
}

/// Creates an encryption key in a new file that only its owner can read.
///
/// # Errors
/// When the file exists or cannot be written.
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
        |why| StartError::File { what: format!("The key cannot be written to {}", path.display()), why };
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(unwritten)?;
    file.write_all(secret.expose_secret().as_bytes()).map_err(unwritten)?;
    file.sync_all().map_err(unwritten)
}

/// Creates a folder that only its owner can access, because it may contain a database and keys.
pub(crate) fn make_folder(folder: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|why| StartError::File {
        what: format!("The folder {} cannot be created", folder.display()),
        why,
    })
}
