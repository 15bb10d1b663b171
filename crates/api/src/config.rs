//! The settings. Each is a flag, an environment variable and a line of `.env.example`. An invalid
//! value prevents the start.

mod values;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use lettre::message::Mailbox;
use secrecy::SecretString;
use taskhub_auth::{Algorithm, Cost};
use taskhub_domain::{file::Place, repository::Database, session::Lifetimes};

use self::values::{address, database_url, levels, origin, place, public_url};
use crate::{background::mail::Sending, state::StartError};

/// The default address on which the server listens.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// The purpose of the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// On a developer's machine: missing keys are created, and logs are plain text.
    Development,
    /// For users: keys and the public URL must be set, and logs are JSON.
    Production,
}

/// Who may register an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Everybody.
    Open,
    /// Holders of an invitation from the operator (`taskhub tenant invite`).
    Invitation,
    /// Nobody; the operator creates organisations (`taskhub tenant create`).
    Closed,
}

/// All settings.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// The purpose of the installation.
    #[arg(long, env = "TASKHUB_PROFILE", value_enum, default_value = "development", global = true)]
    pub profile: Profile,
    /// The address and port on which the server listens. Default: 127.0.0.1:8080, or the port in
    /// PORT on all addresses.
    #[arg(long, env = "TASKHUB_LISTEN", value_parser = address, global = true)]
    pub listen: Option<SocketAddr>,
    /// The port on which the server listens on all addresses, for platforms that set it.
    /// TASKHUB_LISTEN takes precedence.
    #[arg(long, env = "PORT", value_parser = clap::value_parser!(u16).range(1..), global = true)]
    pub port: Option<u16>,
    /// The URL at which clients reach the server. Links begin with it, and it is the issuer of
    /// tokens. Default: http:// and the address on which the server listens. Required in
    /// production.
    #[arg(long, env = "TASKHUB_PUBLIC_URL", value_parser = public_url, global = true)]
    pub public_url: Option<String>,
    /// The data folder: the SQLite database, files, emails and development keys, unless other
    /// settings name another place.
    #[arg(long, env = "TASKHUB_DATA_DIR", default_value = "taskhub-data", global = true)]
    pub data_dir: PathBuf,
    /// The database: sqlite://…, postgres://… or mysql://…. Default: taskhub.db in the data folder.
    #[arg(long, env = "DATABASE_URL", value_parser = database_url, hide_env_values = true, global = true)]
    pub database_url: Option<SecretString>,
    /// A file with the URL of the database, instead of DATABASE_URL. Default: none.
    #[arg(long, env = "DATABASE_URL_FILE", global = true)]
    pub database_url_file: Option<PathBuf>,
    /// The time in seconds that the server waits at start for a database that it cannot reach.
    #[arg(long, env = "TASKHUB_DATABASE_WAIT_SECONDS", default_value = "60", value_parser = clap::value_parser!(u32).range(0..=3600), global = true)]
    pub database_wait_seconds: u32,
    /// The number of connections to the database; on SQLite the number of read connections, in
    /// addition to the one that writes.
    #[arg(long, env = "TASKHUB_DATABASE_CONNECTIONS", default_value = "12", value_parser = clap::value_parser!(u32).range(1..=200), global = true)]
    pub database_connections: u32,
    /// The time limit of each database call in seconds, including the start and the commit of a
    /// transaction.
    #[arg(long, env = "TASKHUB_DATABASE_TIMEOUT_SECONDS", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=600), global = true)]
    pub database_timeout_seconds: u64,
    /// Whether the server applies missing migrations to the database at start: true or false.
    #[arg(long, env = "TASKHUB_MIGRATE", default_value = "true", action = clap::ArgAction::Set, global = true)]
    pub migrate: bool,
    /// The time in seconds after SIGTERM during which the server still accepts connections, while
    /// its readiness check returns 503. Set it to the time that a load balancer takes to notice.
    #[arg(long, env = "TASKHUB_SHUTDOWN_GRACE_SECONDS", default_value = "0", value_parser = clap::value_parser!(u32).range(0..=300), global = true)]
    pub shutdown_grace_seconds: u32,
    /// The number of worker threads. Default: one for each core.
    #[arg(long, env = "TASKHUB_WORKERS", value_parser = clap::value_parser!(u16).range(1..=256), global = true)]
    pub workers: Option<u16>,
    /// The file of signing keys, a private JWK set (`taskhub keys generate` creates it). Required
    /// in production. Default in development: signing-keys.json in the data folder, created if
    /// missing.
    #[arg(long, env = "TASKHUB_SIGNING_KEYS_FILE", global = true)]
    pub signing_keys_file: Option<PathBuf>,
    /// The file of the encryption key for second factors, waiting emails and stored responses
    /// (`taskhub keys generate` creates it). All nodes must have the same key. Required in
    /// production. Default in development: encryption-key in the data folder, created if missing.
    #[arg(long, env = "TASKHUB_ENCRYPTION_KEY_FILE", global = true)]
    pub encryption_key_file: Option<PathBuf>,
    /// The algorithm of new signing keys: EdDSA, ES256, RS256 or HS256.
    #[arg(long, env = "TASKHUB_TOKEN_ALGORITHM", default_value = "EdDSA", global = true)]
    pub token_algorithm: Algorithm,
    /// The audience of access tokens.
    #[arg(long, env = "TASKHUB_TOKEN_AUDIENCE", default_value = "taskhub", global = true)]
    pub token_audience: String,
    /// The lifetime of an access token in seconds.
    #[arg(long, env = "TASKHUB_ACCESS_TOKEN_SECONDS", default_value = "900", value_parser = clap::value_parser!(i64).range(10..=86_400), global = true)]
    pub access_token_seconds: i64,
    /// The longest lifetime of a session in hours.
    #[arg(long, env = "TASKHUB_SESSION_HOURS", default_value = "720", value_parser = clap::value_parser!(u32).range(1..=87_600), global = true)]
    pub session_hours: u32,
    /// The lifetime of a session without a refresh in hours.
    #[arg(long, env = "TASKHUB_SESSION_IDLE_HOURS", default_value = "168", value_parser = clap::value_parser!(u32).range(1..=87_600), global = true)]
    pub session_idle_hours: u32,
    /// Who may register an organisation.
    #[arg(long, env = "TASKHUB_REGISTRATION", value_enum, default_value = "open", global = true)]
    pub registration: Registration,
    /// How emails are sent: off, files (written to the folder mail in the data folder),
    /// smtp://user:password@host:port (with STARTTLS, except to this machine) or smtps://… (with
    /// TLS). Default: files in development, off in production.
    #[arg(long, env = "TASKHUB_MAIL", hide_env_values = true, global = true)]
    pub mail: Option<Sending>,
    /// A file with the value of TASKHUB_MAIL, instead of the variable. Default: none.
    #[arg(long, env = "TASKHUB_MAIL_FILE", global = true)]
    pub mail_file: Option<PathBuf>,
    /// The sender of emails.
    #[arg(long, env = "TASKHUB_MAIL_FROM", default_value = "TaskHub <no-reply@localhost>", global = true)]
    pub mail_from: Mailbox,
    /// The URL of the front end, with which links in emails begin. Default: the public URL; the
    /// server has simple pages for these links.
    #[arg(long, env = "TASKHUB_APP_URL", value_parser = public_url, global = true)]
    pub app_url: Option<String>,
    /// Whether this node sends notifications of reminders and due dates: true or false. At least
    /// one node of an installation must do it; several nodes share the work.
    #[arg(long, env = "TASKHUB_ALARMS", default_value = "true", action = clap::ArgAction::Set, global = true)]
    pub alarms: bool,
    /// The number of days that the change feed stores changes.
    #[arg(long, env = "TASKHUB_FEED_DAYS", default_value = "30", value_parser = clap::value_parser!(u32).range(1..=3650), global = true)]
    pub feed_days: u32,
    /// The most open event streams of this node; one organisation can have a third of them.
    #[arg(long, env = "TASKHUB_STREAMS", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=100_000), global = true)]
    pub streams: u32,
    /// The most open event streams of one user or service account on this node.
    #[arg(long, env = "TASKHUB_STREAMS_EACH", default_value = "4", value_parser = clap::value_parser!(u32).range(1..=1000), global = true)]
    pub streams_each: u32,
    /// The time in seconds after which an idle event stream sends a heartbeat.
    #[arg(long, env = "TASKHUB_HEARTBEAT_SECONDS", default_value = "15", value_parser = clap::value_parser!(u32).range(1..=300), global = true)]
    pub heartbeat_seconds: u32,
    /// The most password hashes that are computed at once; each takes 19 MiB of memory and a core
    /// for about 20 ms. Fifty times as many can wait.
    #[arg(long, env = "TASKHUB_PASSWORD_HASHES", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=64), global = true)]
    pub password_hashes: u16,
    /// The cost of a password hash. It is not a setting: the default is the minimum that OWASP
    /// recommends. Tests of other programs can use a lower cost.
    #[arg(skip)]
    pub password_cost: Cost,
    /// The requests per hour of one user or service account.
    #[arg(long, env = "TASKHUB_RATE_PRINCIPAL", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_principal: u32,
    /// The most requests at once of one user or service account.
    #[arg(long, env = "TASKHUB_RATE_PRINCIPAL_BURST", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_principal_burst: u32,
    /// The requests per hour of all users and service accounts of one organisation together.
    #[arg(long, env = "TASKHUB_RATE_TENANT", default_value = "20000", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_tenant: u32,
    /// The most requests at once of one organisation.
    #[arg(long, env = "TASKHUB_RATE_TENANT_BURST", default_value = "2000", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_tenant_burst: u32,
    /// The requests per hour without a token from one client address.
    #[arg(long, env = "TASKHUB_RATE_ADDRESS", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_address: u32,
    /// The most requests at once of one client address without a token.
    #[arg(long, env = "TASKHUB_RATE_ADDRESS_BURST", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_address_burst: u32,
    /// The sign-ins, registrations, refreshes and requests about links by email per hour from one
    /// client address.
    #[arg(long, env = "TASKHUB_RATE_SIGN_IN", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_sign_in: u32,
    /// The most requests at once of one client address to sign in, register, refresh or get links
    /// by email.
    #[arg(long, env = "TASKHUB_RATE_SIGN_IN_BURST", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_sign_in_burst: u32,
    /// The networks of trusted proxies, such as 10.0.0.0/8, separated by commas. The client address
    /// is taken from their `X-Forwarded-For` or, without one, their `X-Real-IP`. Default: none.
    #[arg(long, env = "TASKHUB_TRUSTED_PROXIES", value_delimiter = ',', global = true)]
    pub trusted_proxies: Vec<IpNet>,
    /// The origins whose pages may call the API, such as `https://app.example.com`, separated by
    /// commas. Default: none.
    #[arg(long, env = "TASKHUB_CORS_ORIGINS", value_delimiter = ',', value_parser = origin, global = true)]
    pub cors_origins: Vec<String>,
    /// The default number of results on a page of a list.
    #[arg(long, env = "TASKHUB_PAGE_SIZE", default_value = "50", value_parser = clap::value_parser!(u8).range(1..=200), global = true)]
    pub page_size: u8,
    /// The largest JSON or form body in bytes.
    #[arg(long, env = "TASKHUB_BODY_LIMIT", default_value = "1048576", value_parser = clap::value_parser!(u32).range(1024..=67_108_864), global = true)]
    pub body_limit: u32,
    /// Where files are stored: file:///folder, or s3://bucket/prefix with the usual AWS_… variables
    /// (AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, …). Default: the
    /// folder files in the data folder.
    #[arg(long, env = "TASKHUB_FILES", value_parser = place, global = true)]
    pub files: Option<Place>,
    /// The largest file in bytes, at most 48 GiB.
    #[arg(long, env = "TASKHUB_FILE_LIMIT", default_value = "1073741824", value_parser = clap::value_parser!(u64).range(1024..=51_539_607_552), global = true)]
    pub file_limit: u64,
    /// The log level (off, error, warn, info, debug or trace), or levels per module, such as
    /// info,taskhub=debug.
    #[arg(long, env = "TASKHUB_LOG", default_value = "info", value_parser = levels, global = true)]
    pub log: String,
    /// A folder for log files, in addition to the console: 10 files of 10 MB each, and another 10
    /// with only errors. Default: none.
    #[arg(long, env = "TASKHUB_LOG_DIR", global = true)]
    pub log_dir: Option<PathBuf>,
}

impl Settings {
    /// Settings from flags, such as `--listen 127.0.0.1:0`, for a server inside another program.
    /// The environment is read too.
    ///
    /// # Errors
    /// A message with the invalid flag and the reason.
    pub fn from_flags(flags: &[&str]) -> Result<Self, String> {
        #[derive(clap::Parser)]
        struct Flags {
            #[command(flatten)]
            settings: Settings,
        }
        let flags = std::iter::once(&"taskhub").chain(flags);
        let parsed = <Flags as clap::Parser>::try_parse_from(flags).map_err(|error| error.to_string())?;
        parsed.settings.with_secrets().map_err(|error| error.to_string())
    }

    /// Reads the secrets that are in files.
    ///
    /// # Errors
    /// When a file cannot be read or is invalid, or the variable is set too. The message does not
    /// contain the secret.
    pub fn with_secrets(mut self) -> Result<Self, StartError> {
        if let Some(file) = self.database_url_file.take() {
            let url = secret("DATABASE_URL", self.database_url.is_some(), &file, database_url)?;
            self.database_url = Some(url);
        }
        if let Some(file) = self.mail_file.take() {
            self.mail = Some(secret("TASKHUB_MAIL", self.mail.is_some(), &file, str::parse)?);
        }
        Ok(self)
    }

    /// The address on which the server listens.
    pub fn listen(&self) -> SocketAddr {
        let by_port = || self.port.map(|port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
        self.listen.or_else(by_port).unwrap_or(LISTEN)
    }

    /// The URL at which clients reach the server, without a trailing slash.
    pub fn public_url(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen()))
    }

    /// The URL with which links in emails begin, without a trailing slash.
    pub fn app_url(&self) -> String {
        self.app_url.clone().unwrap_or_else(|| self.public_url())
    }

    /// How emails are sent.
    pub fn sending(&self) -> Sending {
        let by_profile = || match self.profile {
            Profile::Development => Sending::Files,
            Profile::Production => Sending::Off,
        };
        self.mail.clone().unwrap_or_else(by_profile)
    }

    /// The database.
    pub fn database(&self) -> Database {
        let embedded = || format!("sqlite://{}", self.data_dir.join("taskhub.db").display()).into();
        Database::new(self.database_url.clone().unwrap_or_else(embedded), self.database_connections)
            .with_timeout(Duration::from_secs(self.database_timeout_seconds))
    }

    /// The database, as soon as it can be reached.
    ///
    /// # Errors
    /// A message with its host and the cause.
    pub async fn reachable_database(&self) -> Result<Database, StartError> {
        let (database, limit) = (self.database(), Duration::from_secs(self.database_wait_seconds.into()));
        database.wait(limit).await.map_err(StartError::Setting)?;
        Ok(database)
    }

    /// Where files are stored.
    pub fn files(&self) -> Place {
        self.files.clone().unwrap_or_else(|| Place::Folder(self.data_dir.join("files")))
    }

    /// The lifetimes of sessions.
    pub fn lifetimes(&self) -> Lifetimes {
        let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3600);
        Lifetimes { absolute: hours(self.session_hours), idle: hours(self.session_idle_hours) }
    }

    /// The configured file of signing keys, or that of the development key.
    pub fn keys_file(&self) -> PathBuf {
        self.signing_keys_file.clone().unwrap_or_else(|| self.data_dir.join("signing-keys.json"))
    }

    /// The configured file of the encryption key, or that of the development key.
    pub fn encryption_file(&self) -> PathBuf {
        self.encryption_key_file.clone().unwrap_or_else(|| self.data_dir.join("encryption-key"))
    }
}

/// Reads a secret from a file. Surrounding white space is removed.
fn secret<T>(
    name: &str,
    is_set: bool,
    file: &Path,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, StartError> {
    if is_set {
        return Err(StartError::Setting(format!("{name} and {name}_FILE are both set: remove one of them.")));
    }
    let unread =
        |why| StartError::File { what: format!("{name}_FILE cannot be read from {}", file.display()), why };
    let text = fs::read_to_string(file).map_err(unread)?;
    let wrong =
        |why| StartError::Setting(format!("The file {} of {name}_FILE is invalid: {why}", file.display()));
    parse(text.trim()).map_err(wrong)
}
