//! Runs TaskHub: its binary, its settings, its seed data, and a caller of its API.
//!
//! Invariant: TaskHub runs with its default settings, except for its address, its data directory
//! and the rate limits, which are lifted. Only its command line and its API are used.

use std::{env::current_exe, fs, net::SocketAddr, path::PathBuf, process::Command};

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Result,
    child::{Server, run},
    load::{Answer, Connection},
};

/// The number of tenants that share the tasks.
const TENANTS: usize = 2;

/// The rate limits, which would end the load after a thousand requests.
const LIMITS: [&str; 8] = [
    "TASKHUB_RATE_PRINCIPAL",
    "TASKHUB_RATE_PRINCIPAL_BURST",
    "TASKHUB_RATE_TENANT",
    "TASKHUB_RATE_TENANT_BURST",
    "TASKHUB_RATE_ADDRESS",
    "TASKHUB_RATE_ADDRESS_BURST",
    "TASKHUB_RATE_SIGN_IN",
    "TASKHUB_RATE_SIGN_IN_BURST",
];

/// A TaskHub binary with a database and a directory for its data.
pub(crate) struct TaskHub {
    binary: PathBuf,
    directory: PathBuf,
    url: String,
    workers: usize,
}

/// A caller and its token.
pub(crate) struct Caller {
    pub(crate) token: String,
    pub(crate) tenant: Uuid,
    pub(crate) user: Uuid,
    slug: String,
    email: String,
}

/// The part of the seed's `test_tokens.json` that the benchmark reads.
#[derive(Deserialize)]
struct Tokens {
    tenants: Vec<Tenant>,
}

#[derive(Deserialize)]
struct Tenant {
    id: Uuid,
    slug: String,
    users: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    id: Uuid,
    email: String,
    role: String,
    access_token: String,
}

impl TaskHub {
    /// The server with this binary, or with that of this source tree, which is built if needed.
    pub(crate) fn new(
        binary: Option<PathBuf>,
        directory: PathBuf,
        url: String,
        workers: usize,
    ) -> Result<Self> {
        let binary = match binary {
            Some(binary) => fs::canonicalize(binary)?,
            None => built()?,
        };
        Ok(Self { binary, directory, url, workers })
    }

    /// Fills the database.
    pub(crate) fn seed(&self, tasks: u32) -> Result<()> {
        let mut command = self.command("seed");
        command.args(["--tenants", &TENANTS.to_string(), "--tasks", &(tasks as usize / TENANTS).to_string()]);
        run(command.arg("--tokens").arg(self.tokens()))
    }

    /// Starts the server and waits until it is alive.
    pub(crate) async fn serve(&self, address: SocketAddr) -> Result<Server> {
        let mut command = self.command("serve");
        command.env("TASKHUB_LISTEN", address.to_string());
        Server::start(&mut command, address, &self.directory.join("taskhub.err")).await
    }

    /// An admin of each tenant, from the tokens that the seed wrote.
    pub(crate) fn callers(&self) -> Result<[Caller; TENANTS]> {
        let tokens: Tokens = serde_json::from_slice(&fs::read(self.tokens())?)?;
        let callers: Vec<_> = tokens.tenants.into_iter().map(Caller::of).collect::<Result<_>>()?;
        callers.try_into().map_err(|_| "the seed made another number of tenants".into())
    }

    fn tokens(&self) -> PathBuf {
        self.directory.join("test_tokens.json")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg(name)
            .current_dir(&self.directory)
            .env("DATABASE_URL", &self.url)
            .env("TASKHUB_DATA_DIR", &self.directory)
            .env("TASKHUB_WORKERS", self.workers.to_string())
            // The issuer of tokens, the same for the seed and for every address.
            .env("TASKHUB_PUBLIC_URL", "http://localhost")
            .env("TASKHUB_ACCESS_TOKEN_SECONDS", "86400")
            .envs(LIMITS.map(|name| (name, "1000000000")));
        command
    }
}

/// The server of this source tree.
fn built() -> Result<PathBuf> {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    run(Command::new(cargo).args(["build", "--release", "--locked", "--package", "taskhub"]))?;
    Ok(current_exe()?.with_file_name("taskhub"))
}

impl Caller {
    /// The admin of a tenant.
    fn of(tenant: Tenant) -> Result<Self> {
        let admin = tenant.users.into_iter().find(|user| user.role == "admin");
        let admin = admin.ok_or("the seed made no administrator")?;
        Ok(Self {
            token: admin.access_token,
            tenant: tenant.id,
            user: admin.id,
            slug: tenant.slug,
            email: admin.email,
        })
    }

    /// A request of this caller.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> String {
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len())
        };
        let token = &self.token;
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n{length}\r\n{body}"
        )
    }

    /// A sign-in of this caller, with the common password of all users of the seed.
    pub(crate) fn sign_in(&self) -> String {
        let Self { email, slug, .. } = self;
        let body = format!(r#"{{"email":"{email}","password":"wide-green-rivers","tenant":"{slug}"}}"#);
        self.request("POST", "/api/v1/auth/token", &body)
    }

    /// The ids of all tasks visible to the caller, page by page.
    pub(crate) async fn task_ids(&self, server: &Server) -> Result<Vec<String>> {
        let mut connection = Connection::open(server.address).await?;
        let mut path = "/api/v1/tasks?cursor=&page_size=200".to_owned();
        let mut ids = Vec::new();
        loop {
            let page = connection.exchange(self.request("GET", &path, "").as_bytes()).await?;
            let tasks = page.results()?;
            ids.extend(tasks.iter().filter_map(|task| task.get("id")?.as_str()).map(str::to_owned));
            match page.next()? {
                Some(next) => path = next,
                None if ids.is_empty() => return Err("the caller sees no task".into()),
                None => return Ok(ids),
            }
        }
    }
}

impl Answer<'_> {
    /// The rows of a page.
    pub(crate) fn results(&self) -> Result<Vec<Value>> {
        match self.page()?.get_mut("results").map(Value::take) {
            Some(Value::Array(results)) => Ok(results),
            _ => Err(format!("expected a page, was answered {self}").into()),
        }
    }

    /// The path of the next page. The link is an absolute URL.
    fn next(&self) -> Result<Option<String>> {
        let page = self.page()?;
        let link = page.get("next").and_then(Value::as_str);
        Ok(link.and_then(|link| link.get(link.find("/api/")?..)).map(str::to_owned))
    }

    fn page(&self) -> Result<Value> {
        Ok(serde_json::from_slice(self.body)?)
    }
}
