//! The command line.

mod accounts;
mod keys;
mod migrate;
mod seed;
mod serve;
mod token;
mod wipe;

use std::{ffi::OsStr, fmt::Display, io::Write, process::ExitCode};

use clap::{
    Arg, CommandFactory, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};
use taskhub_domain::{Clock, System, context::Request};

use crate::{
    config::Settings,
    state::{StartError, State},
};

/// A multi-tenant work-management API in one binary.
#[derive(Parser, Debug)]
#[command(name = "taskhub", version, about)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server (the default)
    Serve,
    /// Bring the database's schema up to date, take migrations back, or show which are applied
    Migrate(migrate::Migrate),
    /// Fill the database with organisations, users of every role, projects, tasks and documents
    Seed(seed::Seed),
    /// Remove everything from the database of a development server
    Wipe(wipe::Wipe),
    /// Make, list, suspend and activate tenants, and invite new ones
    #[command(subcommand)]
    Tenant(accounts::TenantCommand),
    /// Make users and set their passwords
    #[command(subcommand)]
    User(accounts::UserCommand),
    /// Make an access token for a service of a tenant, or for an operator
    Token(token::Token),
    /// Make, rotate, list and remove signing keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Print the OpenAPI document
    Openapi(Openapi),
}

#[derive(clap::Args, Debug)]
struct Openapi {
    /// As YAML instead of JSON
    #[arg(long)]
    yaml: bool,
}

/// The program.
pub fn main() -> ExitCode {
    // What a `.env` file says stands below the environment; that there is none is fine.
    dotenvy::dotenv().ok();
    let Cli { settings, command } = Cli::try_parse().unwrap_or_else(|error| discreet(error).exit());
    let run = async {
        match command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(settings).await,
            Command::Migrate(command) => command.run(&settings).await,
            Command::Seed(command) => command.run(settings).await,
            Command::Wipe(command) => command.run(&settings).await,
            Command::Tenant(command) => command.run(settings).await,
            Command::User(command) => command.run(settings).await,
            Command::Token(command) => command.run(settings).await,
            Command::Keys(command) => command.run(&settings),
            Command::Openapi(Openapi { yaml }) => openapi(yaml),
        }
    };
    match actix_web::rt::System::new().block_on(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// What is wrong with a URL that may hold a password is told without the URL.
fn discreet(mut error: clap::Error) -> clap::Error {
    let secret = |arg: &str| arg.starts_with("--database-url ") || arg.starts_with("--mail ");
    if matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(arg)) if secret(arg)) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    error
}

/// The environment variable of every flag, and its default: what `.env.example` must speak of, and the documentation may.
pub fn variables() -> Vec<(String, Option<String>)> {
    let command = Cli::command();
    let text = |value: &OsStr| value.to_str().map(str::to_owned);
    let default = |arg: &Arg| arg.get_default_values().first().and_then(|value| text(value));
    command.get_arguments().filter_map(|arg| Some((text(arg.get_env()?)?, default(arg)))).collect()
}

fn openapi(yaml: bool) -> Result<(), StartError> {
    let document = crate::document::build().map_err(|error| StartError::Setting(error.to_string()))?;
    let written = crate::document::pages::Written::new(&document);
    let text = String::from_utf8_lossy(if yaml { written.yaml() } else { written.json() });
    say(text.trim_end());
    Ok(())
}

/// The operator at work, on an open database.
async fn operator(settings: Settings, reason: &'static str) -> Result<(State, System), StartError> {
    let state = State::open(settings, Clock::System).await?;
    let system = state.store.system(reason, Request::default());
    Ok((state, system))
}

/// What a command has to say. Who no longer listens, as `head` does, misses it.
fn say(text: impl Display) {
    writeln!(std::io::stdout(), "{text}").ok();
}

#[expect(clippy::print_stderr, reason = "what a command complains of")]
fn complain(text: impl Display) {
    eprintln!("taskhub: {text}");
}
