//! A server as a process, and requests to it.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::command::{command, program};
use crate::poll;

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
