//! Parsers of settings. An error says what is expected. It does not contain the value of a setting
//! that may be a secret.

use std::net::SocketAddr;

use secrecy::SecretString;
use taskhub_domain::file::Place;

/// The parameters of a PostgreSQL URL, in addition to `options[…]`.
const POSTGRES: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];
/// The parameters of a MySQL URL.
const MYSQL: [&str; 14] = [
    "sslmode",
    "ssl-mode",
    "sslca",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "charset",
    "collation",
    "statement-cache-capacity",
    "socket",
    "timezone",
    "time-zone",
];
/// The log levels, from none to all.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

pub(super) fn public_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', ' ']) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("expected http://… or https://… without a query".to_owned()),
    }
}

pub(super) fn origin(text: &str) -> Result<String, String> {
    let url = public_url(text)?;
    if url.contains('*') {
        return Err("expected an origin without a *: list each origin".to_owned());
    }
    if url.matches('/').count() == 2 { Ok(url) } else { Err("expected an origin, without a path".to_owned()) }
}

pub(super) fn place(text: &str) -> Result<Place, String> {
    let wrong = || "expected file:///folder or s3://bucket/prefix".to_owned();
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match (url.scheme(), url.host_str()) {
        ("file", None) if plain => url.to_file_path().map(Place::Folder).map_err(|()| wrong()),
        ("s3", Some(name)) if plain => {
            Ok(Place::Bucket { name: name.to_owned(), prefix: url.path().trim_matches('/').to_owned() })
        }
        _ => Err(wrong()),
    }
}

pub(super) fn database_url(text: &str) -> Result<SecretString, String> {
    let schemes = ["sqlite:", "postgres://", "postgresql://", "mysql://", "mariadb://"];
    if !schemes.iter().any(|scheme| text.starts_with(scheme)) {
        return Err("expected sqlite://…, postgres://… or mysql://…".to_owned());
    }
    if text.starts_with("sqlite:") && (text.contains(":memory:") || text.contains("mode=memory")) {
        return Err(
            "a database in memory is not supported, because its data would be lost when the server stops; use a file"
                .to_owned(),
        );
    }
    if !text.starts_with("sqlite:") {
        let expected = "expected a host and optionally a port from 1 to 65535; characters such as / and # in a password must be percent-encoded";
        check_server(&url::Url::parse(text).map_err(|_| expected.to_owned())?)?;
    }
    // One name for the driver's two.
    Ok(text.replacen("mariadb://", "mysql://", 1).into())
}

/// Rejects a URL with unknown parameters. The driver ignores those, even a misspelt one that should
/// enable TLS.
fn check_server(url: &url::Url) -> Result<(), String> {
    let is_mysql = matches!(url.scheme(), "mysql" | "mariadb");
    if is_mysql && url.path().trim_matches('/').is_empty() {
        return Err(
            "expected the name of a database after the host, such as mysql://user@host/taskhub".to_owned()
        );
    }
    let known = if is_mysql { &MYSQL[..] } else { &POSTGRES };
    let is_known = |name: &str| known.contains(&name) || (!is_mysql && name.starts_with("options["));
    if url.query_pairs().all(|(name, _)| is_known(&name)) {
        Ok(())
    } else {
        Err(format!("unknown parameter: expected one of {}", known.join(", ")))
    }
}

/// An address to listen on.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an address and a port from 0 to 65535, such as 0.0.0.0:8080".to_owned())
}

/// A level, or levels per module. The library would take a misspelt level for the name of a module.
pub(super) fn levels(text: &str) -> Result<String, String> {
    let is_level = |text: &str| LEVELS.iter().any(|level| text.eq_ignore_ascii_case(level));
    let is_module =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
    let is_known = |part: &str| match part.split_once('=') {
        Some((module, level)) => is_module(module) && is_level(level),
        None => is_level(part),
    };
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    match parts.iter().find(|part| !is_known(part)) {
        None => Ok(parts.join(",")),
        Some(part) => Err(format!(
            "“{part}” is neither a level ({}) nor module=level, such as taskhub=debug",
            LEVELS.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_rejected() {
        for right in ["info", "OFF", "warn,taskhub=debug", "error, taskhub::server=trace"] {
            assert_eq!(levels(right), Ok(right.replace(' ', "")));
        }
        for wrong in ["inof", "", "info,", "taskhub", "taskhub=loud", "=info", "=="] {
            assert!(levels(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_database_url_has_a_host_and_a_valid_port() {
        for right in
            ["sqlite://a.db", "postgres://u:p@db:5432/hub", "mariadb://u@db/hub", "postgres://u:p%23@db/hub"]
        {
            assert!(database_url(right).is_ok(), "{right}");
        }
        for wrong in
            ["oracle://db", "postgres://u:p@db:99999/hub", "mysql://u:p#p@db/hub", "postgres://u:p/p@db/hub"]
        {
            assert!(database_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_parameters_of_a_database_url_are_rejected() {
        for right in [
            "mysql://u@db/hub?ssl-mode=REQUIRED",
            "postgres://u@db/hub?sslmode=require&options[search_path]=hub",
            "sqlite://a.db?mode=rwc",
        ] {
            assert!(database_url(right).is_ok(), "{right}");
        }
        for (wrong, sentence) in [
            ("mysql://u@db/hub?ssl-mod=REQUIRED", "unknown parameter"),
            ("postgres://u@db/hub?sslmod=require", "unknown parameter"),
            ("mysql://u@db/", "expected the name of a database"),
        ] {
            let refused = database_url(wrong).unwrap_err();
            assert!(refused.starts_with(sentence), "{refused}");
        }
    }

    #[test]
    fn an_origin_has_only_a_scheme_and_a_host() {
        assert!(origin("https://app.example.com").is_ok());
        for wrong in ["https://*.example.com", "https://app.example.com/path", "*", "null"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
