//! The environment before the settings are read: `.env` in the working directory, and the names of
//! variables.
//!
//! Invariant: every line of `.env` is valid, or the program does not start. No message contains a
//! value, which may be a secret.

use std::{
    collections::HashMap,
    env, fs, io,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use crate::state::StartError;

/// The prefix of the names of settings.
const OURS: &str = "TASKHUB_";
/// Prefixes of variables of the tests and the fuzzing, which are not settings.
const RESERVED: [&str; 2] = ["TASKHUB_TEST_", "TASKHUB_FUZZ_"];
/// Other variables that are not settings: those of the tests, Docker Compose and the example
/// clients.
const OTHERS: [&str; 4] = ["TASKHUB_REVIEW", "TASKHUB_DATABASE_PASSWORD", "TASKHUB_URL", "TASKHUB_BINARY"];
/// The least similarity, from 0 to 1, at which a name is suggested instead of another.
const ALIKE: f64 = 0.8;
/// The shortest name of a setting for which a name with one wrong letter is rejected.
const LONG: usize = 8;

/// The names of the settings, each with its default.
static KNOWN: LazyLock<Vec<(String, Option<String>)>> = LazyLock::new(super::variables);

/// Reads `.env` in the working directory into the environment. Variables that are already set take
/// precedence. Returns the path of the file, if it exists.
///
/// # Errors
/// A message with the file and the line, or with the unknown variable.
pub(super) fn load() -> Result<Option<PathBuf>, StartError> {
    let path = std::path::absolute(".env").unwrap_or_else(|_| PathBuf::from(".env"));
    let read = match fs::read_to_string(&path) {
        Ok(text) => {
            read_lines(&path, text.trim_start_matches('\u{feff}'))?;
            Some(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(why) => {
            let what = format!("The settings in {} cannot be read", path.display());
            return Err(StartError::File { what, why });
        }
    };
    for (name, value) in env::vars_os() {
        let (Some(name), value) = (name.to_str(), value.to_string_lossy()) else { continue };
        if !is_of_kubernetes(name, &value) {
            check_name(name).map_err(StartError::Setting)?;
        }
    }
    Ok(read)
}

fn read_lines(path: &Path, text: &str) -> Result<(), StartError> {
    let mut set = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let wrong =
            |what| StartError::Setting(format!("Line {number} of {} is invalid: {what}", path.display()));
        for name in read_line(line).map_err(wrong)? {
            if let Some(first) = set.insert(name.clone(), number) {
                return Err(wrong(format!("line {first} already sets {name}.")));
            }
        }
    }
    Ok(())
}

/// Reads a line into the environment. Returns the names in it.
fn read_line(line: &str) -> Result<Vec<String>, String> {
    let parsed: Result<Vec<_>, _> = dotenvy::from_read_iter(line.as_bytes()).collect();
    let parsed = parsed.map_err(|_| {
        "expected NAME=value, with quotes around a value with spaces or special characters.".to_owned()
    })?;
    if let Some(name) = unset_reference(line) {
        return Err(format!("${name} is not set. Put a value with a literal $ in single quotes."));
    }
    let names: Vec<_> = parsed.into_iter().map(|(name, _)| name).collect();
    names.iter().try_for_each(|name| check_name(name).and_then(|()| check_other_name(name)))?;
    dotenvy::from_read(line.as_bytes()).map_err(|error| error.to_string())?;
    Ok(names)
}

/// The first variable that a line refers to and that is not set. The library would replace it with
/// nothing.
fn unset_reference(line: &str) -> Option<String> {
    let (mut single, mut before) = (false, ' ');
    for (at, c) in line.char_indices() {
        match c {
            '\'' if before != '\\' => single = !single,
            '#' if !single && before.is_whitespace() => return None,
            '$' if !single && before != '\\' => {
                let rest = line.get(at + 1..).unwrap_or_default().trim_start_matches('{');
                let name: String =
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if !env::vars_os().any(|(set, _)| set == *name) {
                    return Some(name);
                }
            }
            _ => {}
        }
        before = c;
    }
    None
}

/// Rejects a name that looks like a setting but is not one.
fn check_name(name: &str) -> Result<(), String> {
    let is_reserved = || RESERVED.iter().any(|start| name.starts_with(start));
    if !name.starts_with(OURS) || OTHERS.contains(&name) || is_reserved() {
        return Ok(());
    }
    let known = &*KNOWN;
    if known.iter().any(|(known, _)| known == name) {
        return Ok(());
    }
    let alike = |known: &str| strsim::jaro(known.trim_start_matches(OURS), name.trim_start_matches(OURS));
    let nearest = known.iter().map(|(known, _)| (alike(known), known));
    let nearest = nearest.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(alike, _)| *alike >= ALIKE);
    let hint = nearest.map(|(_, known)| format!(" Did you mean {known}?")).unwrap_or_default();
    Err(format!("There is no setting {name}.{hint}"))
}

/// Rejects a name in `.env` that is a misspelt setting, or lacks the prefix of one.
fn check_other_name(name: &str) -> Result<(), String> {
    let known = &*KNOWN;
    if name.starts_with(OURS) || known.iter().any(|(known, _)| known == name) {
        return Ok(());
    }
    let meant = |known: &str| {
        known.strip_prefix(OURS) == Some(name)
            || (known.len() >= LONG && strsim::osa_distance(known, name) == 1)
    };
    match known.iter().find(|(known, _)| meant(known)) {
        Some((known, _)) => Err(format!("There is no setting {name}. Did you mean {known}?")),
        None => Ok(()),
    }
}

/// Whether Kubernetes sets a variable for a service `taskhub` or `taskhub-…`.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let is_url = || ["tcp://", "udp://", "sctp://"].iter().any(|start| value.starts_with(start));
    ["_SERVICE_HOST", "_SERVICE_PORT"].iter().any(|end| name.ends_with(end))
        || ["_SERVICE_PORT_", "_PORT_"].iter().any(|part| name.contains(part))
        || (name.ends_with("_PORT") && is_url())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_setting_is_rejected_with_a_suggestion() {
        let refused = check_name("TASKHUB_REGISTRATOIN").unwrap_err();
        assert_eq!(refused, "There is no setting TASKHUB_REGISTRATOIN. Did you mean TASKHUB_REGISTRATION?");
        assert_eq!(check_name("TASKHUB_XQZ").unwrap_err(), "There is no setting TASKHUB_XQZ.");
    }

    #[test]
    fn other_variables_are_accepted() {
        for name in ["PATH", "TASKHUB_LISTEN", "TASKHUB_TEST_POSTGRES_URL", "TASKHUB_DATABASE_PASSWORD"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for (name, value) in [
            ("TASKHUB_SERVICE_HOST", "10.0.0.1"),
            ("TASKHUB_PORT", "tcp://10.0.0.1:8080"),
            ("TASKHUB_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("TASKHUB_DB_SERVICE_PORT_PGSQL", "5432"),
        ] {
            assert!(is_of_kubernetes(name, value), "{name}");
        }
        assert!(!is_of_kubernetes("TASKHUB_PORT", "8080"));
    }

    #[test]
    fn a_misspelt_setting_is_rejected_in_the_file() {
        for (name, meant) in [
            ("DATABSE_URL", "DATABASE_URL"),
            ("DATABASE_URI", "DATABASE_URL"),
            ("PAGE_SIZE", "TASKHUB_PAGE_SIZE"),
        ] {
            let expected = format!("There is no setting {name}. Did you mean {meant}?");
            assert_eq!(check_other_name(name), Err(expected));
        }
        for name in ["DATABASE_URL", "PORT", "AWS_REGION", "RUST_LOG", "DATABASE_PASSWORD", "SORT"] {
            assert_eq!(check_other_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_reference_to_an_unset_variable_is_found() {
        for (line, found) in [
            ("A=pa$sword", Some("sword")),
            ("A=\"pa${sword}\"", Some("sword")),
            ("A=pass$", Some("")),
            ("A='pa$sword'", None),
            ("A=pa\\$sword", None),
            ("A=word # costs $5", None),
            ("# A=pa$sword", None),
            ("A=$PATH", None),
        ] {
            assert_eq!(unset_reference(line).as_deref(), found, "{line}");
        }
    }
}
