//! The built program as a separate process: its commands, and a server that can be stopped and
//! killed.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use serde_json::Value;
use taskhub_tests::encryption_key;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::poll;

/// Flags that lift the rate limits.
pub(crate) const LIFTED: [&str; 16] = [
    "--rate-principal",
    "1000000000",
    "--rate-principal-burst",
    "1000000000",
    "--rate-tenant",
    "1000000000",
    "--rate-tenant-burst",
    "1000000000",
    "--rate-address",
    "1000000000",
    "--rate-address-burst",
    "1000000000",
    "--rate-sign-in",
    "1000000000",
    "--rate-sign-in-burst",
    "1000000000",
];

/// Flags of a server on a database that the servers of other tests share: the same encryption key,
/// no mail, no scheduler, and no rate limits.
pub(crate) fn shared(database: &str) -> Vec<&str> {
    let mut flags = vec!["--database-url", database, "--encryption-key-file", encryption_key()];
    flags.extend(["--mail", "off", "--alarms", "false", "--access-token-seconds", "3600"]);
    flags.extend(LIFTED);
    flags
}

/// The program in the target folder of the tests, built once.
fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let tests = env::current_exe().unwrap();
        let folder = tests.parent().and_then(Path::parent).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            // Uses the features of the whole workspace, as the build of the tests does.
            .args(["build", "--quiet", "--locked", "--workspace", "--bin", "taskhub"])
            .arg("--target-dir")
            .arg(folder.parent().unwrap());
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built =
            cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/api")).status().unwrap();
        assert!(built.success(), "the program does not build");
        folder.join("taskhub")
    })
}

/// The example of a service that verifies tokens, built once.
pub(crate) fn example() -> Command {
    static BUILT: OnceLock<()> = OnceLock::new();
    let folder = program().parent().unwrap();
    BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--workspace", "--example", "verify"]);
        cargo.arg("--target-dir").arg(folder.parent().unwrap());
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built =
            cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/auth")).status().unwrap();
        assert!(built.success(), "the example does not build");
    });
    let mut command = Command::new(folder.join("examples/verify"));
    command.env_clear();
    command
}

/// A command of the program in the folder, with an empty environment.
pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.current_dir(folder).env_clear().args(args);
    command
}

/// The outcome of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) ok: bool,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The standard output of a command that must succeed.
    pub(crate) fn said(self) -> String {
        assert!(self.ok, "{self:?}");
        self.out
    }

    /// The standard error of a command that must fail.
    pub(crate) fn complained(self) -> String {
        assert!(!self.ok, "{self:?}");
        self.err
    }
}

/// Runs a command with a line on standard input.
pub(crate) fn run(command: &mut Command, line: &str) -> Ran {
    use std::io::Write;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads no input may have ended already.
    writeln!(child.stdin.take().unwrap(), "{line}").ok();
    let ended = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran {
        ok: ended.status.success(),
        code: ended.status.code(),
        out: text(ended.stdout),
        err: text(ended.stderr),
    }
}

/// A client of a running server.
#[derive(Clone)]
pub(crate) struct Client {
    url: String,
    client: reqwest::Client,
}

/// A running server.
pub(crate) struct Served {
    child: tokio::process::Child,
    client: Client,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Served {
    /// Starts a server on a free port and waits until it listens.
    pub(crate) async fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::start_by(command(folder, flags)).await
    }

    /// Like [`Self::start`], with a limit on open files and sockets.
    pub(crate) async fn start_limited(folder: &Path, flags: &[&str], descriptors: u32) -> Self {
        let mut shell = Command::new("bash");
        let script = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
        shell.current_dir(folder).env_clear().args(["-c", &script]).arg(program()).args(flags);
        Self::start_by(shell).await
    }

    async fn start_by(command: Command) -> Self {
        let mut command = tokio::process::Command::from(command);
        command
            .args(["--listen", "127.0.0.1:0"])
            .kill_on_drop(true)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        keep(child.stdout.take().unwrap(), &lines);
        keep(child.stderr.take().unwrap(), &lines);
        let address = || {
            let lines = lines.lock().unwrap();
            let line = lines.iter().find(|line| line.contains("TaskHub listens"))?;
            let port = line.split_once("127.0.0.1:")?.1;
            let end = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
            Some(format!("http://127.0.0.1:{}", &port[..end]))
        };
        let ended = Mutex::new(&mut child);
        poll::until("the server listens", async || {
            address().is_some() || ended.lock().unwrap().try_wait().unwrap().is_some()
        })
        .await;
        let Some(url) = address() else { panic!("the server ended: {}", lines.lock().unwrap().join("\n")) };
        let client = Client { url, client: reqwest::Client::new() };
        Self { child, client, lines }
    }

    /// A client that outlives the server.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Whether the output contains the text.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.lines.lock().unwrap().iter().any(|line| line.contains(text))
    }

    /// Kills the server at once, like a power cut.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends the server a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Stops the server and waits for its end. Returns its output.
    pub(crate) async fn stop(self) -> String {
        self.signal("TERM");
        self.ended().await
    }

    /// Waits until the server ends successfully. Returns its output.
    pub(crate) async fn ended(mut self) -> String {
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "{ended}");
        // The readers end with the output of the process and release the lines.
        poll::until("all output is read", async || Arc::strong_count(&self.lines) == 1).await;
        self.lines.lock().unwrap().join("\n")
    }
}

impl std::ops::Deref for Served {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Client {
    /// The URL of the server.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sends a request to a path below `/api/v1`.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &Value,
    ) -> reqwest::Result<(u16, Value)> {
        let url = format!("{}/api/v1{path}", self.url);
        let mut request = self.client.request(method.parse().unwrap(), url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// Like [`Self::send`], and fails unless the response has this status.
    pub(crate) async fn gives(
        &self,
        status: u16,
        method: &str,
        path: &str,
        token: &str,
        body: Value,
    ) -> Value {
        let answer = self.send(method, path, token, &body).await.unwrap();
        assert_eq!(answer.0, status, "{method} {path}: {}", answer.1);
        answer.1
    }
}

/// Collects the lines of an output.
fn keep(output: impl AsyncRead + Unpin + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) {
    let lines = lines.clone();
    tokio::spawn(async move {
        let mut read = BufReader::new(output).lines();
        while let Ok(Some(line)) = read.next_line().await {
            lines.lock().unwrap().push(line);
        }
    });
}
