//! The location of the data of a run: a directory beside the programs, and for PostgreSQL its own
//! database.
//!
//! Invariant: everything created here is removed here, even if the run fails. The directory is not
//! the system's temporary one, which is often memory, where a durable write costs nothing.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use sqlx::{Connection, Executor, PgConnection};

use crate::Result;

/// The variable with the URL of a PostgreSQL server.
pub(crate) const POSTGRES: &str = "TASKHUB_TEST_POSTGRES_URL";

/// The databases that can be measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// An empty location for the run on one database.
pub(crate) struct Place {
    pub(crate) database: Database,
    pub(crate) directory: PathBuf,
    /// The database in the form of `DATABASE_URL`.
    pub(crate) url: String,
}

impl Place {
    /// Creates the location, after removing what an interrupted run has left.
    pub(crate) async fn make(database: Database, directory: PathBuf) -> Result<Self> {
        let url = match database {
            Database::Sqlite => sqlite(&directory.join("taskhub.db")),
            Database::Postgres => {
                drop_database().await?;
                command(&server()?, "CREATE DATABASE taskhub_bench").await?;
                renamed(&server()?)
            }
        };
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory)?;
        Ok(Self { database, directory, url })
    }

    /// Runs ANALYZE and VACUUM now, which PostgreSQL would otherwise do in the background of some
    /// round.
    pub(crate) async fn flush(&self) -> Result<()> {
        match self.database {
            Database::Sqlite => Ok(()),
            Database::Postgres => command(&self.url, "VACUUM (ANALYZE)").await,
        }
    }

    /// The URL of the same data for the bare server: a copy of the file, so that the two do not
    /// disturb each other, or the same database. No server may have the file open.
    pub(crate) fn copy(&self) -> Result<String> {
        match self.database {
            Database::Postgres => Ok(self.url.clone()),
            Database::Sqlite => {
                for suffix in ["", "-wal"] {
                    let from = self.directory.join(format!("taskhub.db{suffix}"));
                    if from.exists() {
                        fs::copy(from, self.directory.join(format!("bare.db{suffix}")))?;
                    }
                }
                Ok(sqlite(&self.directory.join("bare.db")))
            }
        }
    }

    /// Removes the location and everything in it.
    pub(crate) async fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.directory)?;
        match self.database {
            Database::Sqlite => Ok(()),
            Database::Postgres => drop_database().await,
        }
    }
}

/// The URL of an SQLite file.
pub(crate) fn sqlite(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// The URL of a PostgreSQL server where databases can be created.
fn server() -> Result<String> {
    env::var(POSTGRES).map_err(|_| format!("{POSTGRES} does not name a PostgreSQL").into())
}

/// `url` with the database of the benchmark in place of its own:
/// `scheme://authority/database?options`.
fn renamed(url: &str) -> String {
    let (address, options) =
        url.split_once('?').map_or((url, None), |(address, options)| (address, Some(options)));
    let mut renamed: Vec<&str> = address.splitn(4, '/').take(3).collect();
    renamed.push("taskhub_bench");
    renamed.join("/") + &options.map(|options| format!("?{options}")).unwrap_or_default()
}

async fn drop_database() -> Result<()> {
    command(&server()?, "DROP DATABASE IF EXISTS taskhub_bench WITH (FORCE)").await
}

async fn command(url: &str, sql: &'static str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(sql).await?;
    Ok(connection.close().await?)
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn only_the_database_is_renamed() {
        assert_eq!(
            renamed("postgres://a:b@host:1/x?sslmode=disable"),
            "postgres://a:b@host:1/taskhub_bench?sslmode=disable"
        );
        assert_eq!(renamed("postgres://host"), "postgres://host/taskhub_bench");
    }
}
