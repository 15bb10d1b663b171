//! A stranger's service: who presents this token, by the public key set alone?
//!
//! ```sh
//! cargo run -p taskhub-auth --example verify -- http://127.0.0.1:8080/.well-known/jwks.json http://127.0.0.1:8080 taskhub "$TOKEN"
//! ```
//!
//! The key set is fetched by its URL, without TLS to keep this small; or read from a file, which `curl` may have fetched. Without a token among
//! the arguments it is read from standard input. The exit code is 0 for a good token, 1 for a refused one, and 2 if nothing could be said.
//!
//! A service that lives longer than this keeps the set for as long as its `Cache-Control` says, and fetches it anew when a token names a key
//! that it does not know.

use std::{
    env,
    error::Error,
    fs,
    io::{self, Read, Write},
    net::TcpStream,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use taskhub_auth::{KeySet, TokenError, Verifier};

/// The most bytes of an answer, and the longest wait for it.
const LARGEST: u64 = 1 << 20;
const LONGEST: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match answer() {
        Ok(Ok(principal)) => say(&mut io::stdout(), &principal, 0),
        Ok(Err(refusal)) => say(&mut io::stderr(), &format!("refused: {refusal}"), 1),
        Err(error) => say(&mut io::stderr(), &error.to_string(), 2),
    }
}

/// The principal, or why there is none.
fn answer() -> Result<Result<String, TokenError>, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut next =
        || arguments.next().ok_or("usage: verify <URL or file of the key set> <issuer> <audience> [token]");
    let (source, issuer, audience) = (next()?, next()?, next()?);
    let token = if let Ok(token) = next() { token } else { io::read_to_string(io::stdin())? };
    let document = match source.strip_prefix("http://") {
        Some(rest) => fetch(rest)?,
        None => fs::read_to_string(source)?,
    };
    let verifier = Verifier::new(&KeySet::from_json(&document)?, &issuer, &audience)?;
    let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_secs())?;
    Ok(verifier.verify(token.trim(), now).map(|principal| format!("{principal:#?}")))
}

/// The body at a URL without its scheme: `host:port/path`.
fn fetch(url: &str) -> Result<String, Box<dyn Error>> {
    let (host, path) = url.split_once('/').unwrap_or((url, ""));
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONGEST))?;
    stream.set_write_timeout(Some(LONGEST))?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(LARGEST).read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the server's answer is none of HTTP")?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        _ => Err("the server has no key set there".into()),
    }
}

fn say(to: &mut dyn Write, text: &str, code: u8) -> ExitCode {
    match writeln!(to, "{text}") {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(2),
    }
}
