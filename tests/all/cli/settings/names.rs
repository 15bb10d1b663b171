//! Every setting is a flag, a variable and a line of `.env.example`.

use std::fs;

use tempfile::TempDir;

use crate::cli::taskhub;

#[test]
fn help_shows_flag_variable_and_default_of_every_setting() {
    let folder = TempDir::new().unwrap();
    let help = taskhub(folder.path(), "--help").said();
    let variables = taskhub::cli::variables();
    assert!(variables.len() > 20, "{variables:?}");
    for (variable, _) in variables {
        let (before, _) =
            help.split_once(&format!("[env: {variable}")).unwrap_or_else(|| panic!("{variable}"));
        let entry = &before[before.rfind("\n      --").unwrap()..];
        let flag = variable.strip_prefix("TASKHUB_").unwrap_or(&variable).to_lowercase().replace('_', "-");
        assert!(entry.contains(&format!("--{flag} <")), "{variable}: {entry}");
        assert!(entry.trim().lines().count() > 1, "{variable} is not explained");
        let after = help.split_once(&format!("[env: {variable}")).unwrap().1;
        let after = &after[..after.find("\n      --").unwrap_or(after.len())];
        let optional = entry.contains("Default:")
            || ["FILE", "DIR", "PROXIES", "ORIGINS", "PORT"].iter().any(|end| variable.ends_with(end));
        assert!(optional || after.contains("[default: "), "{variable} shows no default: {after}");
    }
    for command in ["serve", "migrate", "seed", "wipe", "tenant", "user", "token", "keys", "openapi"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        assert!(taskhub(folder.path(), &format!("{command} --help")).ok);
    }
}

#[test]
fn example_env_names_every_variable() {
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example")).unwrap();
    for (variable, _) in taskhub::cli::variables() {
        let line = example
            .lines()
            .find(|line| line.trim_start_matches(['#', ' ']).starts_with(&format!("{variable}=")));
        assert!(line.is_some(), "{variable} is missing in .env.example");
    }
}
