//! Access to a database for its own tools: the parts of the URL in the form that they understand.
//!
//! Invariant: the password is only in the environment of a tool, or in a file with mode 0600 that
//! is removed.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::pool::Database;
use crate::{Error, Result, kernel::error::Kind};

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// SQLite: a file on this machine.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    MySql,
}

impl Database {
    /// The kind of this database.
    pub(crate) fn engine(&self) -> Engine {
        match self.url().split(':').next() {
            Some("sqlite") => Engine::Sqlite,
            Some("mysql") => Engine::MySql,
            _ => Engine::Postgres,
        }
    }
}

/// The parts of a database's URL, decoded.
pub(super) struct Access {
    /// The name of the database.
    pub(super) database: String,
    host: String,
    port: Option<u16>,
    user: String,
    password: SecretString,
    options: Vec<(String, String)>,
}

impl Access {
    pub(super) fn parse(url: &str) -> Result<Self> {
        // The cause could contain the password, so it is left out.
        let wrong = |_| Error::with(Kind::Conflict, "The database's URL is not a valid URL.");
        let url = Url::parse(url).map_err(wrong)?;
        let decoded = |text: &str| {
            let pair = format!("={}", text.replace('+', "%2B"));
            let first = url::form_urlencoded::parse(pair.as_bytes()).next();
            first.map(|(_, text)| text.into_owned()).unwrap_or_default()
        };
        let options: Vec<_> = url.query_pairs().into_owned().collect();
        let socket = options.iter().find(|(name, _)| matches!(name.as_str(), "host" | "socket"));
        Ok(Self {
            database: decoded(url.path().trim_start_matches('/')),
            host: socket
                .map_or_else(|| decoded(url.host_str().unwrap_or("localhost")), |(_, socket)| socket.clone()),
            port: url.port(),
            user: decoded(url.username()),
            password: decoded(url.password().unwrap_or_default()).into(),
            options,
        })
    }

    /// The environment variables of PostgreSQL's tools.
    pub(super) fn postgres(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![("PGHOST", self.host.clone()), ("PGDATABASE", self.database.clone())];
        variables.extend(self.port.map(|port| ("PGPORT", port.to_string())));
        let secrets =
            [("PGUSER", self.user.clone()), ("PGPASSWORD", self.password.expose_secret().to_owned())];
        variables.extend(secrets.into_iter().filter(|(_, value)| !value.is_empty()));
        for (name, value) in &self.options {
            let variable = match name.replace(['_', '-'], "").as_str() {
                "sslmode" => "PGSSLMODE",
                "sslrootcert" | "sslca" => "PGSSLROOTCERT",
                "sslcert" => "PGSSLCERT",
                "sslkey" => "PGSSLKEY",
                _ => continue,
            };
            variables.push((variable, value.clone()));
        }
        variables
    }

    /// A file of options for the tools of MySQL and MariaDB. Dropping it removes it.
    pub(super) fn options_file(&self) -> Result<OptionsFile> {
        let mut text = "[client]\n".to_owned();
        let mut put = |name: &str, value: &str| {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            text.extend([name, "=\"", &quoted, "\"\n"]);
        };
        put(if self.host.starts_with('/') { "socket" } else { "host" }, &self.host);
        put("user", &self.user);
        put("password", self.password.expose_secret());
        if let Some(port) = self.port {
            put("port", &port.to_string());
        }
        for (name, value) in &self.options {
            match name.as_str() {
                // One of the two tools does not know this option, and ignores it with this prefix.
                "ssl-mode" => put("loose-ssl-mode", value),
                "ssl-ca" | "ssl-cert" | "ssl-key" => put(name, value),
                _ => {}
            }
        }
        let random = taskhub_auth::secret::opaque();
        let path = std::env::temp_dir().join(format!("taskhub-{}.cnf", random.expose_secret()));
        let mut options = create_secret(&path)?;
        let written = options.write_all(text.as_bytes());
        let options = OptionsFile(path);
        written.map_err(|error| unwritten(&options.0, &error)).map(|()| options)
    }
}

/// A file that contains the password.
pub(super) struct OptionsFile(PathBuf);

impl OptionsFile {
    /// The flag that names the file. It must be the first one.
    pub(super) fn flag(&self) -> String {
        format!("--defaults-file={}", self.0.display())
    }
}

impl Drop for OptionsFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, file = %self.0.display(), "can't remove a file that contains the database's password");
        }
    }
}

/// Creates a file that only its owner can read.
///
/// # Errors
/// `Unavailable` when the file exists or can't be created.
pub(super) fn create_secret(path: &Path) -> Result<File> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Error {
    Error::with(Kind::Unavailable, format!("{} can't be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_as_the_tools_need_it() {
        let url = "postgres://ada:p%40ss%2Bword@db.example.com:5433/task%20hub?sslmode=require";
        let access = Access::parse(url).unwrap();
        let variables = access.postgres();
        let has = |name: &'static str, value: &str| variables.contains(&(name, value.to_owned()));
        assert!(has("PGHOST", "db.example.com") && has("PGPASSWORD", "p@ss+word") && has("PGPORT", "5433"));
        assert!(has("PGDATABASE", "task hub") && has("PGSSLMODE", "require"));
    }

    #[test]
    fn a_password_is_in_a_file_that_goes() {
        let access = Access::parse("mysql://ada:a%22b%5C@127.0.0.1/taskhub").unwrap();
        let options = access.options_file().unwrap();
        let text = fs::read_to_string(&options.0).unwrap();
        assert!(text.contains("password=\"a\\\"b\\\\\"\n"), "{text}");
        let path = options.0.clone();
        drop(options);
        assert!(!path.exists());
    }
}
