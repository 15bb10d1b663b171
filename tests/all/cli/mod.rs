//! Scenario tests of the command line: settings, and the commands of the operator.

mod accounts;
mod commands;
mod database;
mod environment;
mod settings;

use std::path::Path;

use crate::process::{Ran, command, run};

/// Runs the program in the folder.
fn taskhub(folder: &Path, args: &str) -> Ran {
    taskhub_with(folder, args, "")
}

/// Like [`taskhub`], with a line on standard input.
fn taskhub_with(folder: &Path, args: &str, line: &str) -> Ran {
    run(&mut command(folder, &args.split_whitespace().collect::<Vec<_>>()), line)
}
