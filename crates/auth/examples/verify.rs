//! A stranger's service: who presents this token, by the public key set alone?
//!
//! ```sh
//! curl -s https://hub.example/.well-known/jwks.json > jwks.json
//! cargo run -p taskhub-auth --example verify -- jwks.json https://hub.example taskhub "$TOKEN"
//! ```
//!
//! Without a token among the arguments it is read from standard input. The exit code is 0 for a good token, 1 for a refused
//! one, and 2 if nothing could be said about it.

use std::{
    env, fs,
    io::{self, Write},
    process::ExitCode,
    time::SystemTime,
};

use taskhub_auth::{KeySet, TokenError, Verifier};

fn main() -> ExitCode {
    match answer() {
        Ok(Ok(principal)) => say(&mut io::stdout(), &principal, 0),
        Ok(Err(refusal)) => say(&mut io::stderr(), &format!("refused: {refusal}"), 1),
        Err(error) => say(&mut io::stderr(), &error.to_string(), 2),
    }
}

/// The principal, or why there is none.
fn answer() -> Result<Result<String, TokenError>, Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: verify <jwks file> <issuer> <audience> [token]");
    let (path, issuer, audience) = (next()?, next()?, next()?);
    let token = if let Ok(token) = next() { token } else { io::read_to_string(io::stdin())? };
    let keys = KeySet::from_json(&fs::read_to_string(path)?)?;
    let verifier = Verifier::new(&keys, &issuer, &audience)?;
    let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_secs())?;
    Ok(verifier.verify(token.trim(), now).map(|principal| format!("{principal:#?}")))
}

fn say(to: &mut dyn Write, text: &str, code: u8) -> ExitCode {
    match writeln!(to, "{text}") {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(2),
    }
}
