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
    /// A file for the test alone.
    Sqlite,
    /// At `TASKHUB_TEST_POSTGRES_URL`.
    Postgres,
    /// At `TASKHUB_TEST_MYSQL_URL`.
    MariaDb,
}

impl Backend {
    /// The URL of the database.
    pub fn url(self, folder: &TempDir) -> String {
        match self {
            Self::Sqlite => format!("sqlite://{}", folder.path().join("taskhub.db").display()),
            Self::Postgres => configured("TASKHUB_TEST_POSTGRES_URL"),
            Self::MariaDb => configured("TASKHUB_TEST_MYSQL_URL"),
        }
    }
}

/// The URL in a variable. The variable may have been set only when the tests were compiled, so this
/// fails if it is not set now.
#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
pub fn configured(variable: &str) -> String {
    let url = env::var(variable).unwrap_or_default();
    assert!(!url.is_empty(), "this test needs {variable}, which is not set");
    url
}

/// Runs a scenario on a database.
pub fn run(
    backend: Backend,
    scenario: impl for<'a> FnOnce(&'a App) -> Pin<Box<dyn Future<Output = ()> + 'a>>,
) {
    let folder = TempDir::new().unwrap();
    let url = backend.url(&folder);
    actix_web::rt::System::new().block_on(async {
        let app = App::start(backend, &url, folder, &[]).await;
        scenario(&app).await;
        app.finish().await;
    });
}

/// A server under test, with a clock that tests move.
pub struct App {
    /// The kind of its database.
    pub backend: Backend,
    /// The URL of its database.
    pub database: String,
    /// Its address, for example `http://127.0.0.1:12345`.
    pub url: String,
    /// The state of its handlers, for minting tokens and for access without the API.
    pub state: State,
    /// Its clock.
    pub clock: Clock,
    /// The OpenAPI document.
    pub document: Arc<serde_json::Value>,
    /// The address of the client. Every scenario has its own, because failed attempts count per
    /// address.
    pub address: IpAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) faults: Mutex<Vec<String>>,
    notifies_nodes: AtomicU32,
    handle: actix_web::dev::ServerHandle,
    background: server::Background,
    folder: TempDir,
}

/// The databases that this process has emptied.
static EMPTIED: OnceLock<tokio::sync::Mutex<Vec<String>>> = OnceLock::new();

/// The number of client addresses in use.
static ADDRESSES: AtomicU32 = AtomicU32::new(0);

/// The size in bytes of the send buffer of a connection.
const SENT: usize = 32 << 10;

impl App {
    /// Starts a server on the database with additional flags.
    pub async fn start(backend: Backend, database: &str, folder: TempDir, flags: &[&str]) -> Self {
        Self::serve(backend, database, folder, flags, crate::conformance().document.clone()).await
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
        // Tests create thousands of users with passwords; the cost of hashing is tested elsewhere.
        settings.password_cost = Cost { memory: 64, passes: 1 };
        let listener = server::listen(&settings).unwrap();
        // A small buffer, so that the server soon notices a client that does not read.
        socket2::SockRef::from(&listener).set_send_buffer_size(SENT).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        settings.public_url.get_or_insert_with(|| url.clone());
        if let Some(file) = database.strip_prefix("sqlite://") {
            begin(Path::new(file)).await;
        } else {
            empty(&settings, database).await;
            settings.migrate = false;
            // The clocks of the scenarios differ, and one scheduler of due dates would run for all
            // of them.
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

    /// Another server on the same database, like a second node. It shares the file of SQLite, too.
    pub async fn second(&self, flags: &[&str]) -> Self {
        self.second_of(flags, self.document.clone()).await
    }

    /// Like [`Self::second`], with another OpenAPI document.
    pub async fn second_of(&self, flags: &[&str], document: impl Into<Arc<serde_json::Value>>) -> Self {
        let document = document.into();
        let folder = TempDir::new().unwrap();
        let keys = self.folder.path().join("signing-keys.json").display().to_string();
        let mut all = vec!["--signing-keys-file", &keys, "--public-url", &self.url];
        all.extend(flags);
        // The same client calls it.
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

    /// `GET` of a path below `/api/v1`, or of a path outside it.
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

    /// A token of this server for the grant.
    pub fn mint(&self, grant: &Grant) -> String {
        self.state.mint_grant(grant).unwrap().expose_secret().to_owned()
    }

    /// Announces that many 5xx responses.
    pub fn expect_faults(&self, number: u32) {
        self.notifies_nodes.fetch_add(number, Ordering::SeqCst);
    }

    /// Stops the server. Fails if there was an unannounced 5xx response.
    pub async fn finish(self) {
        let Self { state, client, handle, background, faults, notifies_nodes, .. } = self;
        // As on a signal: open streams and idle connections are not waited for.
        state.streams.end();
        drop(client);
        handle.stop(true).await;
        background.end().await;
        let faults = faults.into_inner().unwrap();
        let notifies_nodes = notifies_nodes.load(Ordering::SeqCst) as usize;
        assert!(faults.len() <= notifies_nodes, "unexpected faults: {faults:#?}");
    }
}

/// The file with the encryption key of all servers under test: those on one database need the same
/// key.
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

/// A client that calls from the address.
fn client(address: IpAddr) -> reqwest::Client {
    // The server closes connections that are idle for 15 seconds; a request must not use such a
    // connection.
    let builder = reqwest::Client::builder().local_address(address).pool_idle_timeout(Duration::from_secs(5));
    // Without TLS: reading the certificates of the system takes longer than most requests.
    builder.redirect(reqwest::redirect::Policy::none()).tls_certs_only([]).build().unwrap()
}

/// An SQLite file with an empty schema, for the life of the process.
static SCHEMA: tokio::sync::OnceCell<(TempDir, PathBuf)> = tokio::sync::OnceCell::const_new();

/// Copies the file with the empty schema, because running the migrations takes longer than most
/// scenarios.
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
        // The last connection that closes moves the write-ahead log into the file.
        while file.with_extension("db-wal").exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (folder, file)
    };
    let (_, schema) = SCHEMA.get_or_init(made).await;
    fs::copy(schema, file).unwrap();
}

/// Resets a shared database to an empty schema, once per process.
async fn empty(settings: &Settings, url: &str) {
    let mut emptied = EMPTIED.get_or_init(tokio::sync::Mutex::default).lock().await;
    if !emptied.iter().any(|known| known == url) {
        let database = settings.database();
        database.migrate_down(None).await.unwrap();
        database.migrate().await.unwrap();
        emptied.push(url.to_owned());
    }
}
