//! Verifies a token of TaskHub, as another service would, with only the public key set.
//!
//! ```sh
//! cargo run -p taskhub-auth --example verify -- http://127.0.0.1:8080/.well-known/jwks.json http://127.0.0.1:8080 taskhub "$TOKEN"
//! ```
//!
//! The first argument is the URL of the key set, or a file, for example one that `curl` fetched. To
//! keep the example small, it does not support TLS. Without the last argument, the token is read
//! from standard input. The exit code is 0 for a valid token, 1 for a rejected token, and 2 for any
//! other error.
//!
//! A service that runs for longer caches the key set for the time in its `Cache-Control` header. It
//! fetches the set again when a token names an unknown key.

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

/// The greatest size of a response in bytes, and the timeout.
const LARGEST: u64 = 1 << 20;
const LONGEST: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match answer() {
        Ok(Ok(principal)) => say(&mut io::stdout(), &principal, 0),
        Ok(Err(refusal)) => say(&mut io::stderr(), &format!("refused: {refusal}"), 1),
        Err(error) => say(&mut io::stderr(), &error.to_string(), 2),
    }
}

/// The principal of the token, or the reason why the token was rejected.
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
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the server did not send an HTTP response")?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        _ => Err("the server did not respond with 200 OK".into()),
    }
}

fn say(to: &mut dyn Write, text: &str, code: u8) -> ExitCode {
    match writeln!(to, "{text}") {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(2),
    }
}
