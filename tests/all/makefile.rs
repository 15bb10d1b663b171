//! The Makefile: its targets exist, are explained, and can be run.

use std::{fs, process::Command};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The targets that users expect.
const EXPECTED: [&str; 9] =
    ["build", "up", "down", "migrate", "exampledata", "test", "coverage", "flush", "shell"];

/// The commands that `make -n` prints for a target.
fn dry_run(target: &str) -> String {
    let ran = Command::new("make").args(["-n", target]).current_dir(ROOT).output().unwrap();
    assert!(ran.status.success(), "make -n {target}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn every_target_is_explained_and_valid() {
    let makefile = fs::read_to_string(format!("{ROOT}/Makefile")).unwrap();
    let declared = makefile.lines().find_map(|line| line.strip_prefix(".PHONY: ")).unwrap();
    let declared: Vec<_> = declared.split(' ').collect();
    assert!(EXPECTED.iter().all(|target| declared.contains(target)), "{declared:?}");
    for target in declared {
        assert!(makefile.contains(&format!("\n{target}: # ")), "{target} is not explained");
        assert!(!dry_run(target).is_empty(), "{target} does nothing");
    }
}

#[test]
fn targets_run_existing_commands() {
    let commands = taskhub::cli::commands();
    for target in ["run", "migrate", "exampledata", "flush", "openapi"] {
        let run = dry_run(target);
        let typed = run.trim().split_once(" -- ").unwrap().1;
        assert!(commands.iter().any(|command| typed.starts_with(command.as_str())), "{target}: {typed}");
    }
}

#[test]
fn shell_opens_the_configured_database() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}/hub.db", folder.path().display());
    let mut shell = Command::new(format!("{ROOT}/tools/shell.sh"));
    let ran = shell.env("DATABASE_URL", url).arg("SELECT 6 * 7").output().unwrap();
    // Without the database client the script reports that it is missing.
    let said =
        String::from_utf8_lossy(if ran.status.success() { &ran.stdout } else { &ran.stderr }).into_owned();
    assert!(said.trim() == "42" || said.contains("sqlite3: not found"), "{said}");
}
