//! The environment, before the settings are read from it: `.env` of the working directory, and the
//! names of variables.
//!
//! Invariant: every line of `.env` counts, or the program does not start. No message shows a value,
//! which may be a secret.

use std::{
    collections::HashMap,
    env, fs, io,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use crate::state::StartError;

/// What the names of settings begin with.
const OURS: &str = "TASKHUB_";
/// Beginnings of names that are not the server's: the tests' and the fuzzing's.
const RESERVED: [&str; 2] = ["TASKHUB_TEST_", "TASKHUB_FUZZ_"];
/// Other names that are not the server's: those of the tests, Docker Compose and the example
/// clients.
const OTHERS: [&str; 4] = ["TASKHUB_REVIEW", "TASKHUB_DATABASE_PASSWORD", "TASKHUB_URL", "TASKHUB_BINARY"];
/// How alike two names are, from 0 to 1, when one may be meant by the other.
const ALIKE: f64 = 0.8;
/// The shortest name of a setting that a name of `.env` with one wrong letter is taken for.
const LONG: usize = 8;

/// The settings' names, each with its default.
static KNOWN: LazyLock<Vec<(String, Option<String>)>> = LazyLock::new(super::variables);

/// Reads `.env` of the working directory into the environment, below the variables that are set
/// already; the file, if there is one.
///
/// # Errors
/// A sentence that names the file and the line, or the variable that is unknown.
pub(super) fn load() -> Result<Option<PathBuf>, StartError> {
    let path = std::path::absolute(".env").unwrap_or_else(|_| PathBuf::from(".env"));
    let read = match fs::read_to_string(&path) {
        Ok(text) => {
            read_lines(&path, text.trim_start_matches('\u{feff}'))?;
            Some(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(why) => {
            let what = format!("The settings in {} can't be read", path.display());
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
            |what| StartError::Setting(format!("Line {number} of {} is wrong: {what}", path.display()));
        for name in read_line(line).map_err(wrong)? {
            if let Some(first) = set.insert(name.clone(), number) {
                return Err(wrong(format!("line {first} sets {name} already.")));
            }
        }
    }
    Ok(())
}

/// Reads a line into the environment; the names in it.
fn read_line(line: &str) -> Result<Vec<String>, String> {
    let parsed: Result<Vec<_>, _> = dotenvy::from_read_iter(line.as_bytes()).collect();
    let parsed = parsed.map_err(|_| {
        "expected NAME=value, with quotes around a value that has spaces or signs of a shell.".to_owned()
    })?;
    if let Some(name) = unset_reference(line) {
        return Err(format!("${name} is not set. Put a value with a $ of its own in single quotes."));
    }
    let names: Vec<_> = parsed.into_iter().map(|(name, _)| name).collect();
    names.iter().try_for_each(|name| check_name(name).and_then(|()| check_other_name(name)))?;
    dotenvy::from_read(line.as_bytes()).map_err(|error| error.to_string())?;
    Ok(names)
}

/// The first variable that a line refers to and that is not set: the library would put nothing in
/// its place.
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

/// Refuses a name that looks like a setting and is none.
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

/// Refuses a name in `.env` that almost is the name of a setting, or lacks its beginning.
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

/// Whether Kubernetes makes a variable for a service `taskhub` or `taskhub-…`.
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
    fn a_misspelt_setting_is_refused_with_the_nearest_name() {
        let refused = check_name("TASKHUB_REGISTRATOIN").unwrap_err();
        assert_eq!(refused, "There is no setting TASKHUB_REGISTRATOIN. Did you mean TASKHUB_REGISTRATION?");
        assert_eq!(check_name("TASKHUB_XQZ").unwrap_err(), "There is no setting TASKHUB_XQZ.");
    }

    #[test]
    fn names_of_others_are_let_through() {
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
    fn a_name_that_almost_is_a_setting_s_is_refused_in_the_file() {
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
    fn a_reference_to_nothing_is_found() {
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
