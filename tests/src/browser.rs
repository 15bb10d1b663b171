//! A real browser for HTML pages, such as the documentation of the API.
//!
//! A [`Browser`] is a headless Chromium with its own profile and its own `chromedriver`, which it
//! controls over the WebDriver protocol. So tests share nothing and can run in parallel. The
//! protocol uses crates that the tests already have; a client crate would add two dozen more.
//!
//! Invariants: a page can only reach loopback, and its requests to other hosts are recorded
//! ([`Browser::requested_hosts`]). There are no fixed waits: a step is retried until it succeeds or
//! [`DEADLINE`] has passed, and then reports what it waited for. No browser process and no download
//! outlives its [`Browser`], even if the test panics.
//!
//! It must not know what TaskHub serves.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::{Value, json};

/// The time limit of a step. It is long, because a browser is slow on a busy machine.
pub const DEADLINE: Duration = Duration::from_mins(2);

/// The time between two attempts of a step.
const POLL: Duration = Duration::from_millis(50);

/// The key of a reference to an element (W3C WebDriver, section 11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Why a step failed, in words for the reader of the test output.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The outcome of a step.
pub type Result<T> = std::result::Result<T, Error>;

/// A headless Chromium and its `chromedriver`. Dropping it ends both.
pub struct Browser {
    driver: Driver,
    client: Client,
    session: Url,
    /// The process id of the browser.
    process: u64,
}

impl Browser {
    /// Starts a browser with an empty profile and a blank page.
    pub async fn start() -> Result<Self> {
        let driver = tokio::task::spawn_blocking(Driver::start).await??;
        let client = Client::builder().no_proxy().timeout(DEADLINE * 2).build()?;
        let sessions = Url::parse(&format!("http://127.0.0.1:{}/session/", driver.port))?;
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--window-size=1280,1024",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            ] },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } });
        // The driver accepts this address only without a trailing slash; the paths of commands are
        // joined to it.
        let opened = post(&client, sessions.as_str().trim_end_matches('/'), &capabilities).await?;
        let id =
            opened.pointer("/sessionId").and_then(Value::as_str).ok_or("the driver opened no session")?;
        let session = sessions.join(&format!("{id}/"))?;
        let process = opened.pointer("/capabilities/goog:processID").and_then(Value::as_u64);
        let process = process.ok_or("the driver named no process")?;
        let browser = Self { driver, client, session, process };
        // By default a headless browser does not download anything.
        let allowed = json!({ "behavior": "allow", "downloadPath": browser.downloads() });
        let command = json!({ "cmd": "Browser.setDownloadBehavior", "params": allowed });
        browser.command("goog/cdp/execute", &command).await?;
        Ok(browser)
    }

    /// Opens `url` and waits until it has loaded.
    pub async fn goto(&self, url: &str) -> Result<()> {
        self.command("url", &json!({ "url": url })).await.map(drop)
    }

    /// Clicks the first matching element, which opens a page in a new window, and continues there.
    pub async fn follow(&self, css: &str) -> Result<()> {
        let before = self.windows().await?;
        self.click(css).await?;
        let opened = async || {
            let windows = self.windows().await?;
            let new = windows.into_iter().find(|window| !before.contains(window));
            new.ok_or_else(|| Error::from("there is no new one"))
        };
        let opened = self.until(&format!("see a window after a click at {css}"), opened).await?;
        self.command("window", &json!({ "handle": opened })).await.map(drop)
    }

    /// Waits until an element matches the CSS selector.
    pub async fn find(&self, css: &str) -> Result<()> {
        self.on(css, "find", async |_| Ok(())).await
    }

    /// Clicks the first matching element as soon as it is clickable.
    pub async fn click(&self, css: &str) -> Result<()> {
        self.on(css, "click", async |element| {
            self.command(&format!("element/{element}/click"), &json!({})).await.map(drop)
        })
        .await
    }

    /// Clears the first matching field and types `text` into it, key by key.
    pub async fn type_into(&self, css: &str, text: &str) -> Result<()> {
        self.on(css, "type into", async |element| {
            self.command(&format!("element/{element}/clear"), &json!({})).await?;
            self.command(&format!("element/{element}/value"), &json!({ "text": text })).await.map(drop)
        })
        .await
    }

    /// Types `text` over the content of the first matching field. So the field is never empty; a
    /// page may fill an empty field.
    pub async fn type_over(&self, css: &str, text: &str) -> Result<()> {
        // Control and A, and then no key held (W3C WebDriver, section 17.4.2).
        let keys = format!("\u{e009}a\u{e000}{text}");
        self.on(css, "type over", async |element| {
            self.command(&format!("element/{element}/value"), &json!({ "text": keys })).await.map(drop)
        })
        .await
    }

    /// The displayed text of the first matching element.
    pub async fn text(&self, css: &str) -> Result<String> {
        self.on(css, "read", async |element| {
            let text = self.execute("return arguments[0].innerText", &[json!({ ELEMENT: element })]).await?;
            Ok(text.as_str().unwrap_or_default().to_owned())
        })
        .await
    }

    /// Runs `js`, the body of a function with `args` as its `arguments`, and returns its result. A
    /// promise is awaited.
    pub async fn execute(&self, js: &str, args: &[Value]) -> Result<Value> {
        self.command("execute/sync", &json!({ "script": js, "args": args })).await
    }

    /// Writes a file for the browser to upload. Returns its path, which can be typed into a file
    /// field.
    pub fn file(&self, name: &str, octets: &[u8]) -> Result<String> {
        let path = self.driver.files.0.join(name);
        std::fs::write(&path, octets)?;
        Ok(path.to_str().ok_or("the path is no text")?.to_owned())
    }

    /// Waits until a file with this beginning and end of its name has been downloaded. Returns its
    /// bytes and removes it. The browser gives the file its name when it is complete; an empty file
    /// may only reserve the name.
    pub async fn downloaded(&self, beginning: &str, end: &str) -> Result<Vec<u8>> {
        self.until(&format!("download {beginning}…{end}"), async || {
            let files = std::fs::read_dir(self.downloads())?.collect::<std::io::Result<Vec<_>>>()?;
            let names: Vec<_> =
                files.iter().map(|file| file.file_name().to_string_lossy().into_owned()).collect();
            let is_it = |name: &&String| {
                name.starts_with(beginning) && name.ends_with(end) && !name.ends_with(".crdownload")
            };
            let Some(name) = names.iter().find(is_it) else {
                return Err(format!("there is only {names:?}").into());
            };
            let path = self.downloads().join(name);
            let octets = std::fs::read(&path)?;
            if octets.is_empty() {
                return Err("it is empty".into());
            }
            std::fs::remove_file(&path)?;
            Ok(octets)
        })
        .await
    }

    /// Waits until `condition`, a JavaScript expression, holds.
    pub async fn wait_for(&self, condition: &str) -> Result<()> {
        let js = format!("return Boolean({condition})");
        self.until(&format!("wait for {condition}"), async || match self.execute(&js, &[]).await? {
            Value::Bool(true) => Ok(()),
            _ => Err("it does not hold".into()),
        })
        .await
    }

    /// The messages in the console since the last call, with their levels: those of the page, and
    /// those of the browser (`SEVERE` for an uncaught error or a resource that failed to load).
    /// Advice of the browser, at the level `DEBUG`, is left out.
    pub async fn console(&self) -> Result<Vec<String>> {
        let mut lines = self.log("browser").await?;
        lines.retain(|line| line.get("level").and_then(Value::as_str) != Some("DEBUG"));
        let field =
            |line: &Value, name| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(lines.iter().map(|line| format!("{} {}", field(line, "level"), field(line, "message"))).collect())
    }

    /// Every `host:port` that pages requested since the last call, reachable or not.
    pub async fn requested_hosts(&self) -> Result<BTreeSet<String>> {
        let lines = self.log("performance").await?;
        let messages = lines.iter().filter_map(|line| line.get("message")?.as_str());
        let events = messages.filter_map(|message| serde_json::from_str::<Value>(message).ok());
        Ok(events.filter_map(|event| requested_host(&event)).collect())
    }

    /// Retries `step` on the first matching element until it succeeds.
    async fn on<T>(&self, css: &str, verb: &str, step: impl AsyncFn(&str) -> Result<T>) -> Result<T> {
        self.until(&format!("{verb} {css}"), async || {
            let found = self.command("element", &json!({ "using": "css selector", "value": css })).await?;
            step(found.get(ELEMENT).and_then(Value::as_str).ok_or("the driver named no element")?).await
        })
        .await
    }

    /// Retries `step` until it succeeds. After the deadline it returns the last failure.
    async fn until<T>(&self, what: &str, step: impl AsyncFn() -> Result<T>) -> Result<T> {
        let mut last = None;
        let tries = async {
            loop {
                match step().await {
                    Ok(done) => return done,
                    Err(error) => last = Some(error),
                }
                tokio::time::sleep(POLL).await;
            }
        };
        if let Ok(done) = tokio::time::timeout(DEADLINE, tries).await {
            return Ok(done);
        }
        let why = last.map_or_else(|| "no answer".to_owned(), |error| error.to_string());
        Err(format!("could not {what} within {DEADLINE:?}: {why}").into())
    }

    /// The folder for downloads.
    fn downloads(&self) -> PathBuf {
        self.driver.files.0.join("downloads")
    }

    async fn windows(&self) -> Result<Vec<String>> {
        let answer = self.client.get(self.session.join("window/handles")?).send().await?;
        Ok(serde_json::from_value(answer.json::<Value>().await?["value"].take())?)
    }

    async fn log(&self, kind: &str) -> Result<Vec<Value>> {
        match self.command("se/log", &json!({ "type": kind })).await? {
            Value::Array(lines) => Ok(lines),
            other => Err(format!("not a log: {other}").into()),
        }
    }

    async fn command(&self, path: &str, body: &Value) -> Result<Value> {
        post(&self.client, self.session.join(path)?.as_str(), body).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ending the session ends the browser, too; killing only the driver would leave it running.
        if self.driver.ask("DELETE", self.session.path().trim_end_matches('/')).is_err() {
            // A driver with a hanging browser does not respond.
            Command::new("kill").args(["-KILL", &self.process.to_string()]).status().ok();
        }
    }
}

/// Sends a command to the driver. Returns the value or the error in its response.
async fn post(client: &Client, url: &str, body: &Value) -> Result<Value> {
    let answer = client.post(url).json(body).send().await?;
    let refused = !answer.status().is_success();
    let mut answer: Value = answer.json().await?;
    let value = answer.get_mut("value").map(Value::take).unwrap_or_default();
    if refused {
        let part = |name| value.get(name).and_then(Value::as_str).unwrap_or_default();
        return Err(format!("{}: {}", part("error"), part("message")).into());
    }
    Ok(value)
}

/// The host of an event in the performance log, if the event is a network request.
fn requested_host(event: &Value) -> Option<String> {
    let event = event.get("message")?;
    let url = match event.get("method")?.as_str()? {
        "Network.requestWillBeSent" => event.pointer("/params/request/url"),
        "Network.webSocketCreated" => event.pointer("/params/url"),
        _ => None,
    };
    let url = Url::parse(url?.as_str()?).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// A running `chromedriver` on a port of its choice.
struct Driver {
    process: Child,
    port: u16,
    /// Kept open, because a driver that cannot write ends.
    _output: BufReader<ChildStdout>,
    /// Removed when both processes have ended.
    files: Files,
}

impl Driver {
    fn start() -> Result<Self> {
        let files = Files::new()?;
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", &files.0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                format!("chromedriver (Debian's packages chromium and chromium-driver): {error}")
            })?;
        let mut output = BufReader::new(process.stdout.take().ok_or("chromedriver has no output")?);
        let mut line = String::new();
        let port = loop {
            line.clear();
            if output.read_line(&mut line)? == 0 {
                process.wait()?;
                return Err("chromedriver ended before it listened".into());
            }
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim().trim_end_matches('.').parse()?;
            }
        };
        Ok(Self { process, port, _output: output, files })
    }

    /// Sends a request without an async runtime, and waits for the response.
    fn ask(&self, method: &str, path: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        stream.read(&mut [0; 1024]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Errors are ignored: a finished test cannot handle them, and a failed one must not panic
        // again.
        self.ask("GET", "/shutdown").ok();
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The directory of the files of a driver and its browser, including the profile.
struct Files(PathBuf);

impl Files {
    fn new() -> std::io::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("taskhub-browser-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let files = std::env::temp_dir().join(name);
        std::fs::create_dir(&files)?;
        Ok(Self(files))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
