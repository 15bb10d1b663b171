//! The settings: each a flag, an environment variable and a line of `.env.example`. A wrong value is refused at start.

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
use crate::{mail::Sending, state::StartError};

/// Where the server listens when nothing is set.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// What the server is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// On a developer's machine: keys are made when there are none, and logs are for people.
    Development,
    /// For users: nothing is assumed, and logs are JSON.
    Production,
}

/// Who may register an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Everybody.
    Open,
    /// Who has an invitation of the operator's (`taskhub tenant invite`).
    Invitation,
    /// Nobody; the operator makes tenants (`taskhub tenant create`).
    Closed,
}

/// All settings.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// What the server is run for.
    #[arg(long, env = "TASKHUB_PROFILE", value_enum, default_value = "development", global = true)]
    pub profile: Profile,
    /// Where it listens. Default: 127.0.0.1:8080, or the port of PORT.
    #[arg(long, env = "TASKHUB_LISTEN", value_parser = address, global = true)]
    pub listen: Option<SocketAddr>,
    /// The port that it listens on, on all addresses, where a platform names one. Default: that of
    /// TASKHUB_LISTEN, which goes first.
    #[arg(long, env = "PORT", value_parser = clap::value_parser!(u16).range(1..), global = true)]
    pub port: Option<u16>,
    /// The URL that clients reach it at: links begin with it, and it is the issuer of tokens. Default: http:// and where it listens.
    #[arg(long, env = "TASKHUB_PUBLIC_URL", value_parser = public_url, global = true)]
    pub public_url: Option<String>,
    /// The folder for what it keeps beside the database: the embedded database itself, and a development key.
    #[arg(long, env = "TASKHUB_DATA_DIR", default_value = "taskhub-data", global = true)]
    pub data_dir: PathBuf,
    /// The database: sqlite://…, postgres://… or mysql://…. Default: taskhub.db in the data folder.
    #[arg(long, env = "DATABASE_URL", value_parser = database_url, hide_env_values = true, global = true)]
    pub database_url: Option<SecretString>,
    /// A file that holds the database's URL. Default: none; the URL is in DATABASE_URL.
    #[arg(long, env = "DATABASE_URL_FILE", global = true)]
    pub database_url_file: Option<PathBuf>,
    /// For how many seconds the start waits for a database that can't be reached.
    #[arg(long, env = "TASKHUB_DATABASE_WAIT_SECONDS", default_value = "60", value_parser = clap::value_parser!(u32).range(0..=3600), global = true)]
    pub database_wait_seconds: u32,
    /// Connections to the database; on SQLite those for reading, beside the one that writes.
    #[arg(long, env = "TASKHUB_DATABASE_CONNECTIONS", default_value = "12", value_parser = clap::value_parser!(u32).range(1..=200), global = true)]
    pub database_connections: u32,
    /// The time limit of each call to the database, in seconds: beginning and committing, too.
    #[arg(long, env = "TASKHUB_DATABASE_TIMEOUT_SECONDS", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=600), global = true)]
    pub database_timeout_seconds: u64,
    /// Bring the database's schema up to date at start.
    #[arg(long, env = "TASKHUB_MIGRATE", default_value = "true", action = clap::ArgAction::Set, global = true)]
    pub migrate: bool,
    /// For how many seconds after SIGTERM the server goes on as before, while its readiness says
    /// 503: as long as a load balancer takes to notice.
    #[arg(long, env = "TASKHUB_SHUTDOWN_GRACE_SECONDS", default_value = "0", value_parser = clap::value_parser!(u32).range(0..=300), global = true)]
    pub shutdown_grace_seconds: u32,
    /// Worker threads. Default: one for each core.
    #[arg(long, env = "TASKHUB_WORKERS", value_parser = clap::value_parser!(u16).range(1..=256), global = true)]
    pub workers: Option<u16>,
    /// The file of signing keys, as a private JWK set (made by `taskhub keys generate`). Development makes one in the data folder.
    #[arg(long, env = "TASKHUB_SIGNING_KEYS_FILE", global = true)]
    pub signing_keys_file: Option<PathBuf>,
    /// The file of the key that seals what must be read again (second factors, mail that waits), made by `taskhub keys generate`. Every
    /// node has the same. Development makes one in the data folder.
    #[arg(long, env = "TASKHUB_ENCRYPTION_KEY_FILE", global = true)]
    pub encryption_key_file: Option<PathBuf>,
    /// The algorithm of keys that are made: EdDSA, ES256, RS256 or HS256.
    #[arg(long, env = "TASKHUB_TOKEN_ALGORITHM", default_value = "EdDSA", global = true)]
    pub token_algorithm: Algorithm,
    /// The audience of access tokens.
    #[arg(long, env = "TASKHUB_TOKEN_AUDIENCE", default_value = "taskhub", global = true)]
    pub token_audience: String,
    /// How long an access token is good, in seconds.
    #[arg(long, env = "TASKHUB_ACCESS_TOKEN_SECONDS", default_value = "900", value_parser = clap::value_parser!(i64).range(10..=86_400), global = true)]
    pub access_token_seconds: i64,
    /// How long a session lasts at most, in hours.
    #[arg(long, env = "TASKHUB_SESSION_HOURS", default_value = "720", value_parser = clap::value_parser!(u32).range(1..=87_600), global = true)]
    pub session_hours: u32,
    /// How long a session lasts without a refresh, in hours.
    #[arg(long, env = "TASKHUB_SESSION_IDLE_HOURS", default_value = "168", value_parser = clap::value_parser!(u32).range(1..=87_600), global = true)]
    pub session_idle_hours: u32,
    /// Who may register an organisation.
    #[arg(long, env = "TASKHUB_REGISTRATION", value_enum, default_value = "open", global = true)]
    pub registration: Registration,
    /// How mail is sent: off, files (into the folder mail of the data folder), smtp://user:password@host:port (with STARTTLS, but to this
    /// machine) or smtps://… Default: files in development, off in production.
    #[arg(long, env = "TASKHUB_MAIL", hide_env_values = true, global = true)]
    pub mail: Option<Sending>,
    /// A file that holds what TASKHUB_MAIL would. Default: none.
    #[arg(long, env = "TASKHUB_MAIL_FILE", global = true)]
    pub mail_file: Option<PathBuf>,
    /// Whom mail is from.
    #[arg(long, env = "TASKHUB_MAIL_FROM", default_value = "TaskHub <no-reply@localhost>", global = true)]
    pub mail_from: Mailbox,
    /// The URL of the front end: links in mails begin with it. Default: the public URL, where this server has pages for them.
    #[arg(long, env = "TASKHUB_APP_URL", value_parser = public_url, global = true)]
    pub app_url: Option<String>,
    /// Whether this node tells users of reminders and due dates when it is time: true or false. Of the nodes over a database one is enough, and
    /// several share the work.
    #[arg(long, env = "TASKHUB_ALARMS", default_value = "true", action = clap::ArgAction::Set, global = true)]
    pub alarms: bool,
    /// For how many days changes can be read again.
    #[arg(long, env = "TASKHUB_FEED_DAYS", default_value = "30", value_parser = clap::value_parser!(u32).range(1..=3650), global = true)]
    pub feed_days: u32,
    /// Streams of changes at once; of one organisation a third of them.
    #[arg(long, env = "TASKHUB_STREAMS", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=100_000), global = true)]
    pub streams: u32,
    /// Streams of changes at once of one user or service.
    #[arg(long, env = "TASKHUB_STREAMS_EACH", default_value = "4", value_parser = clap::value_parser!(u32).range(1..=1000), global = true)]
    pub streams_each: u32,
    /// After how many seconds a stream in which nothing happens says that it is there.
    #[arg(long, env = "TASKHUB_HEARTBEAT_SECONDS", default_value = "15", value_parser = clap::value_parser!(u32).range(1..=300), global = true)]
    pub heartbeat_seconds: u32,
    /// Password hashes at once; each takes 19 MiB and a core for some 20 ms. Fifty times as many may wait.
    #[arg(long, env = "TASKHUB_PASSWORD_HASHES", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=64), global = true)]
    pub password_hashes: u16,
    /// What one hash costs. No operator sets it: the default is what OWASP names as the least.
    /// Another program may ask for less in its tests.
    #[arg(skip)]
    pub password_cost: Cost,
    /// Requests an hour of one user or service.
    #[arg(long, env = "TASKHUB_RATE_PRINCIPAL", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_principal: u32,
    /// How many of them at once.
    #[arg(long, env = "TASKHUB_RATE_PRINCIPAL_BURST", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_principal_burst: u32,
    /// Requests an hour of all users and services of one organisation together.
    #[arg(long, env = "TASKHUB_RATE_TENANT", default_value = "20000", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_tenant: u32,
    /// How many of them at once.
    #[arg(long, env = "TASKHUB_RATE_TENANT_BURST", default_value = "2000", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_tenant_burst: u32,
    /// Requests an hour without a token, of one address.
    #[arg(long, env = "TASKHUB_RATE_ADDRESS", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_address: u32,
    /// How many of them at once.
    #[arg(long, env = "TASKHUB_RATE_ADDRESS_BURST", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_address_burst: u32,
    /// Sign-ins, registrations, refreshes and links by mail an hour, of one address.
    #[arg(long, env = "TASKHUB_RATE_SIGN_IN", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_sign_in: u32,
    /// How many of them at once.
    #[arg(long, env = "TASKHUB_RATE_SIGN_IN_BURST", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000), global = true)]
    pub rate_sign_in_burst: u32,
    /// Networks of proxies whose `X-Forwarded-For`, or without one their `X-Real-IP`, is believed, as 10.0.0.0/8, separated by commas.
    #[arg(long, env = "TASKHUB_TRUSTED_PROXIES", value_delimiter = ',', global = true)]
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may call the API, as https://app.example.com, separated by commas.
    #[arg(long, env = "TASKHUB_CORS_ORIGINS", value_delimiter = ',', value_parser = origin, global = true)]
    pub cors_origins: Vec<String>,
    /// Rows that a page of a list has when the request does not say.
    #[arg(long, env = "TASKHUB_PAGE_SIZE", default_value = "50", value_parser = clap::value_parser!(u8).range(1..=200), global = true)]
    pub page_size: u8,
    /// The most bytes of a body.
    #[arg(long, env = "TASKHUB_BODY_LIMIT", default_value = "1048576", value_parser = clap::value_parser!(u32).range(1024..=67_108_864), global = true)]
    pub body_limit: u32,
    /// Where files are kept: file:///folder, or s3://bucket/prefix with the usual AWS_… variables (AWS_REGION, AWS_ACCESS_KEY_ID,
    /// AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, …). Default: the folder files in the data folder.
    #[arg(long, env = "TASKHUB_FILES", value_parser = place, global = true)]
    pub files: Option<Place>,
    /// The most bytes of a file; at most 48 GiB, which is what a bucket takes in parts.
    #[arg(long, env = "TASKHUB_FILE_LIMIT", default_value = "1073741824", value_parser = clap::value_parser!(u64).range(1024..=51_539_607_552), global = true)]
    pub file_limit: u64,
    /// What is logged: a level (error, warn, info, debug, trace), or levels by module, as info,taskhub=debug.
    #[arg(long, env = "TASKHUB_LOG", default_value = "info", value_parser = levels, global = true)]
    pub log: String,
    /// A folder to log into as well: files of 10 MB, 10 kept; errors also apart.
    #[arg(long, env = "TASKHUB_LOG_DIR", global = true)]
    pub log_dir: Option<PathBuf>,
}

impl Settings {
    /// Settings by flags alone, as `--listen 127.0.0.1:0`: for a server inside another program. The environment counts too.
    ///
    /// # Errors
    /// A sentence that says which flag is wrong and why.
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

    /// With the secrets that are in files of their own.
    ///
    /// # Errors
    /// A sentence without the secret: when a file can't be read, its text is no such secret, or the
    /// variable is set as well.
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

    /// Where it listens.
    pub fn listen(&self) -> SocketAddr {
        let by_port = || self.port.map(|port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
        self.listen.or_else(by_port).unwrap_or(LISTEN)
    }

    /// The URL that clients reach the server at, without a slash at its end.
    pub fn public_url(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen()))
    }

    /// The URL that links in mails begin with, without a slash at its end.
    pub fn app_url(&self) -> String {
        self.app_url.clone().unwrap_or_else(|| self.public_url())
    }

    /// How mail is sent.
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

    /// The database, once it can be reached.
    ///
    /// # Errors
    /// A sentence that names its host and the cause.
    pub async fn reachable_database(&self) -> Result<Database, StartError> {
        let (database, limit) = (self.database(), Duration::from_secs(self.database_wait_seconds.into()));
        database.wait(limit).await.map_err(StartError::Setting)?;
        Ok(database)
    }

    /// Where files are kept.
    pub fn files(&self) -> Place {
        self.files.clone().unwrap_or_else(|| Place::Folder(self.data_dir.join("files")))
    }

    /// How long sessions last.
    pub fn lifetimes(&self) -> Lifetimes {
        let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3600);
        Lifetimes { absolute: hours(self.session_hours), idle: hours(self.session_idle_hours) }
    }

    /// Where a development key is kept, or the configured file.
    pub fn keys_file(&self) -> PathBuf {
        self.signing_keys_file.clone().unwrap_or_else(|| self.data_dir.join("signing-keys.json"))
    }

    /// Where a development key is kept, or the configured file.
    pub fn encryption_file(&self) -> PathBuf {
        self.encryption_key_file.clone().unwrap_or_else(|| self.data_dir.join("encryption-key"))
    }
}

/// A secret by the text of its file, without the line's end.
fn secret<T>(
    name: &str,
    is_set: bool,
    file: &Path,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, StartError> {
    if is_set {
        return Err(StartError::Setting(format!("{name} and {name}_FILE are both set: keep one of them.")));
    }
    let unread =
        |why| StartError::File { what: format!("{name}_FILE can't be read from {}", file.display()), why };
    let text = fs::read_to_string(file).map_err(unread)?;
    let wrong =
        |why| StartError::Setting(format!("The file {} of {name}_FILE is wrong: {why}", file.display()));
    parse(text.trim()).map_err(wrong)
}
