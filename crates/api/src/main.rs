//! `taskhub`: the server and its command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    taskhub::cli::main()
}
