//! A real browser, for the pages that people open: the API's documentation and whatever else is HTML.
//!
//! A [`Browser`] is one headless Chromium with a profile of its own, driven over the WebDriver protocol
//! through a `chromedriver` of its own, so that tests share nothing and can run side by side. It speaks the
//! protocol with the crates that the tests have anyway; a client crate would bring two dozen more along.
//!
//! Invariants: a page reaches nothing but loopback, whatever it asks for; what it asked for is recorded all
//! the same ([`Browser::requested_hosts`]). Nothing waits for a fixed time: a step is tried again until it
//! works or [`DEADLINE`] has passed, and then says what it was waiting for. No browser outlives its
//! [`Browser`], even when the test panics, and neither does what it has downloaded.
//!
//! Must not know: what TaskHub serves.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::{Value, json};

/// How long a step may take before it has failed: long, because a browser is slow on a machine that is busy.
pub const DEADLINE: Duration = Duration::from_mins(2);

/// How long to wait between two tries of a step.
const POLL: Duration = Duration::from_millis(50);

/// The key under which WebDriver hands out a reference to an element (W3C WebDriver, section 11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Why a step failed, in words for the person who reads the test's output.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The outcome of a step.
pub type Result<T> = std::result::Result<T, Error>;

/// One headless Chromium and the `chromedriver` that drives it. Dropping it ends both.
pub struct Browser {
    driver: Driver,
    client: Client,
    session: Url,
    /// The browser's process.
    process: u64,
}

impl Browser {
    /// Whether tests in a browser were asked for: `TASKHUB_TEST_BROWSER` is set, and not to `0`.
    pub fn wanted() -> bool {
        #[expect(clippy::disallowed_methods, reason = "what a test run covers is decided by its environment")]
        let asked = std::env::var("TASKHUB_TEST_BROWSER");
        asked.is_ok_and(|value| !matches!(value.as_str(), "" | "0"))
    }

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
        // The driver takes this address without its final slash only; a session's commands are joined to it.
        let opened = post(&client, sessions.as_str().trim_end_matches('/'), &capabilities).await?;
        let id =
            opened.pointer("/sessionId").and_then(Value::as_str).ok_or("the driver opened no session")?;
        let session = sessions.join(&format!("{id}/"))?;
        let process = opened.pointer("/capabilities/goog:processID").and_then(Value::as_u64);
        let process = process.ok_or("the driver named no process")?;
        let browser = Self { driver, client, session, process };
        // Without a word about it a headless browser downloads nothing.
        let allowed = json!({ "behavior": "allow", "downloadPath": browser.downloads() });
        let command = json!({ "cmd": "Browser.setDownloadBehavior", "params": allowed });
        browser.command("goog/cdp/execute", &command).await?;
        Ok(browser)
    }

    /// Opens `url` and waits until it has loaded.
    pub async fn goto(&self, url: &str) -> Result<()> {
        self.command("url", &json!({ "url": url })).await.map(drop)
    }

    /// Clicks the first element that matches, which opens a page in a window of its own, and goes on in that one.
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

    /// Clicks the first element that matches, as soon as it takes a click.
    pub async fn click(&self, css: &str) -> Result<()> {
        self.on(css, "click", async |element| {
            self.command(&format!("element/{element}/click"), &json!({})).await.map(drop)
        })
        .await
    }

    /// Empties the first field that matches and types `text` into it, key by key.
    pub async fn type_into(&self, css: &str, text: &str) -> Result<()> {
        self.on(css, "type into", async |element| {
            self.command(&format!("element/{element}/clear"), &json!({})).await?;
            self.command(&format!("element/{element}/value"), &json!({ "text": text })).await.map(drop)
        })
        .await
    }

    /// Types `text` over all that stands in the first field that matches. So the field is never empty, in which state a page
    /// may put something into it.
    pub async fn type_over(&self, css: &str, text: &str) -> Result<()> {
        // Control and A, and then no key held (W3C WebDriver, section 17.4.2).
        let keys = format!("\u{e009}a\u{e000}{text}");
        self.on(css, "type over", async |element| {
            self.command(&format!("element/{element}/value"), &json!({ "text": keys })).await.map(drop)
        })
        .await
    }

    /// The text of the first element that matches, as it is shown.
    pub async fn text(&self, css: &str) -> Result<String> {
        self.on(css, "read", async |element| {
            let text = self.execute("return arguments[0].innerText", &[json!({ ELEMENT: element })]).await?;
            Ok(text.as_str().unwrap_or_default().to_owned())
        })
        .await
    }

    /// Runs `js`, the body of a function with `args` as its `arguments`, and answers what it returns; a
    /// promise is awaited.
    pub async fn execute(&self, js: &str, args: &[Value]) -> Result<Value> {
        self.command("execute/sync", &json!({ "script": js, "args": args })).await
    }

    /// Writes a file for the browser to send, and says where it is: a field for files takes its path as if it were typed.
    pub fn file(&self, name: &str, octets: &[u8]) -> Result<String> {
        let path = self.driver.files.0.join(name);
        std::fs::write(&path, octets)?;
        Ok(path.to_str().ok_or("the path is no text")?.to_owned())
    }

    /// Waits until a file has been downloaded whose name begins and ends so, and takes its octets away. It has its name once
    /// it is whole: until then the browser writes to another. An empty one may only keep the name free.
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

    /// Waits until `condition`, an expression in JavaScript, holds.
    pub async fn wait_for(&self, condition: &str) -> Result<()> {
        let js = format!("return Boolean({condition})");
        self.until(&format!("wait for {condition}"), async || match self.execute(&js, &[]).await? {
            Value::Bool(true) => Ok(()),
            _ => Err("it does not hold".into()),
        })
        .await
    }

    /// The console's lines since the last call, a level and a message each: what the page wrote, and what the
    /// browser wrote for it (`SEVERE` for an uncaught error or a resource that failed to load), but for the browser's
    /// own advice to authors, which it writes at the level `DEBUG`.
    pub async fn console(&self) -> Result<Vec<String>> {
        let mut lines = self.log("browser").await?;
        lines.retain(|line| line.get("level").and_then(Value::as_str) != Some("DEBUG"));
        let field =
            |line: &Value, name| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(lines.iter().map(|line| format!("{} {}", field(line, "level"), field(line, "message"))).collect())
    }

    /// Every `host:port` that pages asked for since the last call, whether or not it could be reached.
    pub async fn requested_hosts(&self) -> Result<BTreeSet<String>> {
        let lines = self.log("performance").await?;
        let messages = lines.iter().filter_map(|line| line.get("message")?.as_str());
        let events = messages.filter_map(|message| serde_json::from_str::<Value>(message).ok());
        Ok(events.filter_map(|event| requested_host(&event)).collect())
    }

    /// Does `step` on the first element that matches, again and again until it works.
    async fn on<T>(&self, css: &str, verb: &str, step: impl AsyncFn(&str) -> Result<T>) -> Result<T> {
        self.until(&format!("{verb} {css}"), async || {
            let found = self.command("element", &json!({ "using": "css selector", "value": css })).await?;
            step(found.get(ELEMENT).and_then(Value::as_str).ok_or("the driver named no element")?).await
        })
        .await
    }

    /// Tries `step` until it works; past the deadline the failure is the last one.
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

    /// Where downloads go.
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
        // The session's end takes the browser along; a driver that is only killed leaves it behind.
        if self.driver.ask("DELETE", self.session.path().trim_end_matches('/')).is_err() {
            // A driver whose browser is stuck answers nothing.
            Command::new("kill").args(["-KILL", &self.process.to_string()]).status().ok();
        }
    }
}

/// Sends a command to the driver: the value that it answers, or the error that it names.
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

/// The host that an event of the performance log tells of, if it is a request that goes out to one.
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

/// A running `chromedriver`, on a port that it chose.
struct Driver {
    process: Child,
    port: u16,
    /// Held open: a driver that can't write dies.
    _output: BufReader<ChildStdout>,
    /// Removed once both have ended.
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

    /// Sends a request that needs no runtime, and waits until it is answered.
    fn ask(&self, method: &str, path: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        stream.read(&mut [0; 1024]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Whatever fails here: a test that is over can do nothing about it, and one that has failed must not
        // panic again.
        self.ask("GET", "/shutdown").ok();
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The directory of a driver's and its browser's files, the profile among them.
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
