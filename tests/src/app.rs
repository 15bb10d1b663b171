//! A server under test.

use std::{
    env, fs,
    future::Future,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use secrecy::ExposeSecret;
use taskhub::{config::Settings, server, state::State};
use taskhub_auth::{Cost, Grant};
use taskhub_domain::Clock;
use tempfile::TempDir;

use crate::{Call, Tenant};

/// A database that TaskHub runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file of the test's own.
    Sqlite,
    /// At `TASKHUB_TEST_POSTGRES_URL`.
    Postgres,
    /// At `TASKHUB_TEST_MYSQL_URL`.
    MariaDb,
}

impl Backend {
    /// The database's URL; `None` when it is not configured.
    pub fn url(self, folder: &TempDir) -> Option<String> {
        let variable = match self {
            Self::Sqlite => return Some(format!("sqlite://{}", folder.path().join("taskhub.db").display())),
            Self::Postgres => "TASKHUB_TEST_POSTGRES_URL",
            Self::MariaDb => "TASKHUB_TEST_MYSQL_URL",
        };
        configured(variable)
    }
}

/// The URL in a variable of what some tests need; `None` when it is not configured and need not be.
#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
pub fn configured(variable: &str) -> Option<String> {
    let url = env::var(variable).ok().filter(|url| !url.is_empty());
    assert!(url.is_some() || env::var("TASKHUB_TEST_REQUIRE_ALL").is_err(), "{variable} is not set");
    url
}

/// Runs a story on a database; without the database, says so.
pub fn run(backend: Backend, story: impl for<'a> FnOnce(&'a App) -> Pin<Box<dyn Future<Output = ()> + 'a>>) {
    let folder = TempDir::new().unwrap();
    let Some(url) = backend.url(&folder) else {
        eprintln!("skipped: {backend:?} is not configured");
        return;
    };
    actix_web::rt::System::new().block_on(async {
        let app = App::start(backend, &url, folder, &[]).await;
        story(&app).await;
        app.finish().await;
    });
}

/// A server under test, with a clock that tests move.
pub struct App {
    /// The database that it runs on.
    pub backend: Backend,
    /// The database's URL.
    pub database: String,
    /// Its address, as `http://127.0.0.1:12345`.
    pub url: String,
    /// What its handlers share: to mint tokens, and to look behind the API.
    pub state: State,
    /// Its clock.
    pub clock: Clock,
    /// The OpenAPI document.
    pub document: Arc<serde_json::Value>,
    /// Where its requests come from: every story calls from an address of its own, because failed attempts count against it.
    pub address: IpAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) faults: Mutex<Vec<String>>,
    notifies_nodes: AtomicU32,
    handle: actix_web::dev::ServerHandle,
    background: server::Background,
    folder: TempDir,
}

/// The databases that were emptied by this process.
static EMPTIED: OnceLock<tokio::sync::Mutex<Vec<String>>> = OnceLock::new();

/// The addresses that requests came from so far.
static ADDRESSES: AtomicU32 = AtomicU32::new(0);

/// What a connection holds of what is sent.
const SENT: usize = 32 << 10;

impl App {
    /// Starts a server with more flags than usual, on a database by its URL.
    pub async fn start(backend: Backend, database: &str, folder: TempDir, flags: &[&str]) -> Self {
        Self::serve(backend, database, folder, flags, crate::told().document.clone()).await
    }

    async fn serve(
        backend: Backend,
        database: &str,
        folder: TempDir,
        flags: &[&str],
        document: Arc<serde_json::Value>,
    ) -> Self {
        let data = folder.path().display().to_string();
        let lifted = "1000000000";
        let mut all = vec![
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            &data,
            "--database-url",
            database,
            "--encryption-key-file",
            encryption_key(),
            "--workers",
            "1",
            "--database-connections",
            "12",
            "--file-limit",
            "5242880",
            "--rate-principal",
            lifted,
            "--rate-principal-burst",
            lifted,
            "--rate-tenant",
            lifted,
            "--rate-tenant-burst",
            lifted,
            "--rate-address",
            lifted,
            "--rate-address-burst",
            lifted,
            "--streams",
            "100000",
            "--streams-each",
            "1000",
            "--rate-sign-in",
            lifted,
            "--rate-sign-in-burst",
            lifted,
        ];
        let set = |flag: &&str| flags.contains(flag);
        let mut kept = Vec::new();
        while let [flag, value, rest @ ..] = all.as_slice() {
            if !set(flag) {
                kept.extend([*flag, *value]);
            }
            all = rest.to_vec();
        }
        kept.extend(flags);
        crate::mail::share(folder.path());
        let mut settings = Settings::from_flags(&kept).unwrap();
        // The people of a thousand tenants have passwords; what hashing costs is tested where it is hashed.
        settings.password_cost = Cost { memory: 64, passes: 1 };
        let listener = server::listen(&settings).unwrap();
        // Little waits in a connection for a client: one that does not read is noticed early.
        socket2::SockRef::from(&listener).set_send_buffer_size(SENT).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        settings.public_url.get_or_insert_with(|| url.clone());
        if let Some(file) = database.strip_prefix("sqlite://") {
            begin(Path::new(file)).await;
        } else {
            empty(&settings, database).await;
            settings.migrate = false;
            // The clock of each story is its own: alarms of all stories would ring by all of them.
            settings.alarms = false;
        }
        let address = IpAddr::V4(Ipv4Addr::from_bits(0x7f01_0001 + ADDRESSES.fetch_add(1, Ordering::SeqCst)));
        let clock = Clock::manual();
        let state = State::open(settings, clock.clone()).await.unwrap();
        let server::Server { running, background, .. } =
            server::bind(state.clone(), listener, &document).unwrap();
        let handle = running.handle();
        actix_web::rt::spawn(running);
        Self {
            backend,
            database: database.to_owned(),
            url,
            state,
            clock,
            document,
            address,
            client: client(address),
            faults: Mutex::default(),
            notifies_nodes: AtomicU32::new(0),
            handle,
            background,
            folder,
        }
    }

    /// Another server over the same database, as a second node is; SQLite's file is shared too.
    pub async fn second(&self, flags: &[&str]) -> Self {
        self.second_of(flags, self.document.clone()).await
    }

    /// The same, which goes by another document.
    pub async fn second_of(&self, flags: &[&str], document: impl Into<Arc<serde_json::Value>>) -> Self {
        let document = document.into();
        let folder = TempDir::new().unwrap();
        let keys = self.folder.path().join("signing-keys.json").display().to_string();
        let mut all = vec!["--signing-keys-file", &keys, "--public-url", &self.url];
        all.extend(flags);
        // The same people call it, from where they are.
        let address = self.address;
        Self {
            address,
            client: client(address),
            ..Self::serve(self.backend, &self.database, folder, &all, document).await
        }
    }

    /// A request.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(self, method, path)
    }

    /// `GET` of a path below `/api/v1`, or of one that begins elsewhere.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    /// `POST`.
    pub fn post(&self, path: &str) -> Call<'_> {
        self.call("POST", path)
    }

    /// `PUT`.
    pub fn put(&self, path: &str) -> Call<'_> {
        self.call("PUT", path)
    }

    /// `PATCH`.
    pub fn patch(&self, path: &str) -> Call<'_> {
        self.call("PATCH", path)
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    /// A new tenant with users of every role.
    pub async fn tenant(&self) -> Tenant {
        Tenant::register(self).await
    }

    /// A token of this server's for a grant.
    pub fn mint(&self, grant: &Grant) -> String {
        self.state.mint_grant(grant).unwrap().expose_secret().to_owned()
    }

    /// So many answers will be a 5xx, and are meant to be.
    pub fn expect_faults(&self, number: u32) {
        self.notifies_nodes.fetch_add(number, Ordering::SeqCst);
    }

    /// Stops the server, and fails if an answer was a 5xx that nobody notifies_nodes.
    pub async fn finish(self) {
        let Self { state, client, handle, background, faults, notifies_nodes, .. } = self;
        // As at a signal: what is followed is not waited for. Nor are connections by which nothing was asked yet.
        state.streams.end();
        drop(client);
        handle.stop(true).await;
        background.end().await;
        let faults = faults.into_inner().unwrap();
        let notifies_nodes = notifies_nodes.load(Ordering::SeqCst) as usize;
        assert!(faults.len() <= notifies_nodes, "unexpected faults: {faults:#?}");
    }
}

/// The file of the encryption key of all servers under test: those over one database have the same.
pub fn encryption_key() -> &'static str {
    static KEY: OnceLock<(TempDir, String)> = OnceLock::new();
    let made = || {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("encryption-key");
        taskhub::state::make_encryption_key(&file).unwrap();
        let name = file.display().to_string();
        (folder, name)
    };
    &KEY.get_or_init(made).1
}

/// A client that calls from an address.
fn client(address: IpAddr) -> reqwest::Client {
    // The server closes a connection by which nothing was asked for 15 seconds; a request must not meet that.
    let builder = reqwest::Client::builder().local_address(address).pool_idle_timeout(Duration::from_secs(5));
    // It speaks no TLS: to read the system's certificates takes longer than most requests.
    builder.redirect(reqwest::redirect::Policy::none()).tls_certs_only([]).build().unwrap()
}

/// A file of SQLite with an empty schema, which lies here as long as the process runs.
static SCHEMA: tokio::sync::OnceCell<(TempDir, PathBuf)> = tokio::sync::OnceCell::const_new();

/// Lets a database begin as a copy of one with an empty schema: to make the schema takes longer than most stories.
async fn begin(file: &Path) {
    if file.exists() {
        return;
    }
    let made = async || {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("taskhub.db");
        let url = format!("sqlite://{}", file.display());
        let settings = Settings::from_flags(&["--database-url", &url]).unwrap();
        settings.database().migrate().await.unwrap();
        // Whoever closes it last takes what was written out of the log.
        while file.with_extension("db-wal").exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (folder, file)
    };
    let (_, schema) = SCHEMA.get_or_init(made).await;
    fs::copy(schema, file).unwrap();
}

/// Brings a shared database to an empty schema, once a process.
async fn empty(settings: &Settings, url: &str) {
    let mut emptied = EMPTIED.get_or_init(tokio::sync::Mutex::default).lock().await;
    if !emptied.iter().any(|known| known == url) {
        let database = settings.database();
        database.migrate_down(None).await.unwrap();
        database.migrate().await.unwrap();
        emptied.push(url.to_owned());
    }
}
