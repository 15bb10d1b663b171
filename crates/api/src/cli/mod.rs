//! The command line.

mod accounts;
mod backup;
mod environment;
mod keys;
mod migrate;
mod seed;
mod serve;
mod token;
mod wipe;

use std::{
    ffi::OsStr,
    fmt::Display,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{
    Arg, CommandFactory, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};
use taskhub_domain::{Clock, Context, System, context::Request, error, tenant};

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
    /// Apply or revert migrations of the database, or show which are applied
    Migrate(migrate::Migrate),
    /// Back up the database, the files and optionally the keys; the server can keep running
    Backup(backup::Backup),
    /// Restore a backup into an empty database and an empty file store
    Restore(backup::Restore),
    /// Fill a development database with organisations, users, projects, tasks and documents
    Seed(seed::Seed),
    /// Delete all rows from the database of a development server
    Wipe(wipe::Wipe),
    /// Create, list, suspend and activate tenants, set their quotas, and create invitations
    #[command(subcommand)]
    Tenant(accounts::TenantCommand),
    /// Create users and set their passwords
    #[command(subcommand)]
    User(accounts::UserCommand),
    /// Create an access token for a service account of a tenant, or for an operator
    Token(token::Token),
    /// Create, rotate, list and remove signing keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Print the OpenAPI document
    Openapi(Openapi),
}

#[derive(clap::Args, Debug)]
struct Openapi {
    /// Print YAML instead of JSON
    #[arg(long)]
    yaml: bool,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let environment = environment::load();
    let parsed = Cli::try_parse();
    if let Err(help) = &parsed
        && !help.use_stderr()
    {
        help.exit();
    }
    let outcome = environment.and_then(|environment| {
        let Cli { settings, command } = parsed.unwrap_or_else(|error| discreet(error).exit());
        let settings = settings.with_secrets()?;
        actix_web::rt::System::new().block_on(run(settings, command, environment))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Runs a command. `environment` is the file from which settings were read.
async fn run(
    settings: Settings,
    command: Option<Command>,
    environment: Option<PathBuf>,
) -> Result<(), StartError> {
    match command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(settings, environment).await,
        Command::Migrate(command) => command.run(&settings).await,
        Command::Backup(command) => command.run(&settings).await,
        Command::Restore(command) => command.run(&settings).await,
        Command::Seed(command) => command.run(settings).await,
        Command::Wipe(command) => command.run(&settings).await,
        Command::Tenant(command) => command.run(settings).await,
        Command::User(command) => command.run(settings).await,
        Command::Token(command) => command.run(settings).await,
        Command::Keys(command) => command.run(&settings),
        Command::Openapi(Openapi { yaml }) => openapi(&settings, yaml),
    }
}

/// Removes a URL that may contain a password from an error.
fn discreet(mut error: clap::Error) -> clap::Error {
    let secret = |arg: &str| arg.starts_with("--database-url ") || arg.starts_with("--mail ");
    if matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(arg)) if secret(arg)) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    error
}

/// The environment variable of every setting, with its default. `.env.example` must contain them.
pub fn variables() -> Vec<(String, Option<String>)> {
    let command = Cli::command();
    let text = |value: &OsStr| value.to_str().map(str::to_owned);
    let default = |arg: &Arg| arg.get_default_values().first().and_then(|value| text(value));
    command.get_arguments().filter_map(|arg| Some((text(arg.get_env()?)?, default(arg)))).collect()
}

/// All commands without subcommands, such as `tenant quota`. Tests run each of them.
pub fn commands() -> Vec<String> {
    fn add(command: &clap::Command, typed: &str, all: &mut Vec<String>) {
        for command in command.get_subcommands() {
            let typed = format!("{typed} {}", command.get_name()).trim_start().to_owned();
            if command.has_subcommands() {
                add(command, &typed, all);
            } else {
                all.push(typed);
            }
        }
    }
    let mut all = Vec::new();
    add(&Cli::command(), "", &mut all);
    all
}

fn openapi(settings: &Settings, yaml: bool) -> Result<(), StartError> {
    let document = crate::openapi::build_with(settings.page_size.into())
        .map_err(|error| StartError::Setting(error.to_string()))?;
    let written = crate::openapi::pages::Written::new(&document);
    let text = String::from_utf8_lossy(if yaml { written.yaml() } else { written.json() });
    say(text.trim_end())
}

/// Opens the state for a command of the operator.
async fn operator(settings: Settings, reason: &'static str) -> Result<(State, System), StartError> {
    let state = State::open(settings, Clock::System).await?;
    let system = state.repository.system(reason, Request::default());
    Ok((state, system))
}

/// The context of the tenant with a slug.
async fn within(state: &State, system: &System, slug: &str) -> Result<Context, StartError> {
    match tenant::by_slug(&state.repository, system, slug).await {
        Ok(tenant) => Ok(system.within(tenant.id)),
        Err(error) if error.kind() == error::Kind::NotFound => {
            Err(StartError::Setting(format!("No tenant has the slug \"{slug}\".")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Prints a line of output. A closed pipe, for example by `head`, is not an error.
fn say(text: impl Display) -> Result<(), StartError> {
    match writeln!(io::stdout(), "{text}") {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            Err(StartError::File { what: "The output cannot be written to standard output".to_owned(), why })
        }
        _ => Ok(()),
    }
}

#[expect(clippy::print_stderr, reason = "error messages of commands")]
fn complain(text: impl Display) {
    eprintln!("taskhub: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_valid() {
        Cli::command().debug_assert();
    }

    /// If a command has an argument with the name of a setting, clap omits the setting and panics
    /// when it is read.
    #[test]
    fn no_argument_of_a_command_has_the_name_of_a_setting() {
        fn check(command: &clap::Command, settings: &[Arg]) {
            for (arg, setting) in
                command.get_arguments().flat_map(|arg| settings.iter().map(move |setting| (arg, setting)))
            {
                let name = command.get_name();
                assert_ne!(arg.get_id(), setting.get_id(), "{name}");
                let long = setting.get_long().unwrap();
                let names = arg.get_long_and_visible_aliases().into_iter().flatten();
                assert!(
                    names.chain(arg.get_all_aliases().into_iter().flatten()).all(|name| name != long),
                    "{name}: --{long}"
                );
            }
            command.get_subcommands().for_each(|command| check(command, settings));
        }
        let cli = Cli::command();
        let settings: Vec<_> = cli.get_arguments().cloned().collect();
        cli.get_subcommands().for_each(|command| check(command, &settings));
    }
}
