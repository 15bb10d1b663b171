//! The stories of the command line: settings, and what an operator does with the program.

mod accounts;
mod commands;
mod database;
mod environment;
mod settings;

use std::path::Path;

use crate::process::{Ran, command, run};

/// Runs the program in a folder.
fn taskhub(folder: &Path, args: &str) -> Ran {
    taskhub_with(folder, args, "")
}

/// As [`taskhub`], with a line on its standard input.
fn taskhub_with(folder: &Path, args: &str, line: &str) -> Ran {
    run(&mut command(folder, &args.split_whitespace().collect::<Vec<_>>()), line)
}
