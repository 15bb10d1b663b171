//! What an error of a database means: to the repository, which may retry, and to the client.
//!
//! Invariant: a client never gets the text of a database or a driver. A unique constraint becomes a
//! conflict at a field, by the name of the constraint.

use sea_orm::{DbBackend, DbErr, RuntimeErr, SqlErr};
use sqlx::{error::DatabaseError, mysql::MySqlDatabaseError, sqlite::SqliteError};

use super::resource::{Stored, Unique};
use crate::{Error, kernel::error::Kind};

/// The error detail when a commit was not confirmed.
const UNKNOWN: &str = "The database did not confirm the change. It may have been made. Read the resource before you \
                       retry, or retry with the same Idempotency-Key.";

/// The meaning of an error for the database as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A deadlock, a serialisation failure or a lock timeout: a retry may succeed.
    Transient,
    /// The database is full.
    Full,
    /// The database accepts no writes.
    ReadOnly,
    /// The database does not answer, is not there or can't work.
    Away,
    /// Anything else: the statement was wrong.
    Other,
}

fn meaning(error: &DbErr) -> Meaning {
    let (DbErr::Exec(cause) | DbErr::Query(cause) | DbErr::Conn(cause)) = error else {
        let is_away = matches!(error, DbErr::ConnectionAcquire(_));
        return if is_away { Meaning::Away } else { Meaning::Other };
    };
    let meaning = match cause {
        RuntimeErr::SqlxError(cause) => match &**cause {
            sqlx::Error::Database(cause) => by_code(&**cause),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Meaning::Away,
            _ => Meaning::Other,
        },
        RuntimeErr::Internal(_) => Meaning::Other,
    };
    // A connection that fails for another reason is still missing.
    let is_connecting = matches!(error, DbErr::Conn(_)) && meaning == Meaning::Other;
    if is_connecting { Meaning::Away } else { meaning }
}

/// Whether a retry may succeed.
pub(super) fn is_transient(error: &DbErr) -> bool {
    meaning(error) == Meaning::Transient
}

fn by_code(cause: &(dyn DatabaseError + 'static)) -> Meaning {
    if let Some(cause) = cause.try_downcast_ref::<MySqlDatabaseError>() {
        return mysql(cause.number(), cause.message());
    }
    let code = cause.code().unwrap_or_default();
    if cause.try_downcast_ref::<SqliteError>().is_some() {
        code.parse().map_or(Meaning::Other, sqlite)
    } else {
        postgres(&code)
    }
}

/// The meaning of an extended result code of SQLite: see "Result and Error Codes" in its manual.
fn sqlite(code: i32) -> Meaning {
    match code {
        // IOERR_WRITE: a quota or a limit of the file's size. IOERR_SHMSIZE: no room for the index
        // of the write-ahead log.
        778 | 4874 => Meaning::Full,
        _ => match code & 0xff {
            13 => Meaning::Full,
            8 => Meaning::ReadOnly,
            5 => Meaning::Transient,
            // ABORT, NOMEM, INTERRUPT, IOERR, CANTOPEN, PROTOCOL.
            4 | 7 | 9 | 10 | 14 | 15 => Meaning::Away,
            _ => Meaning::Other,
        },
    }
}

/// The meaning of a SQLSTATE of PostgreSQL.
fn postgres(code: &str) -> Meaning {
    match code {
        // serialisation_failure, deadlock_detected, lock_not_available.
        "40001" | "40P01" | "55P03" => Meaning::Transient,
        "53100" => Meaning::Full,
        "25006" => Meaning::ReadOnly,
        // query_canceled, admin_shutdown, crash_shutdown, cannot_connect_now, io_error. The classes
        // 53 and 08 are insufficient resources and connection exceptions.
        "57014" | "57P01" | "57P02" | "57P03" | "58030" => Meaning::Away,
        _ if code.starts_with("53") || code.starts_with("08") => Meaning::Away,
        _ => Meaning::Other,
    }
}

/// The meaning of an error number of MySQL or MariaDB. Some of their texts contain the error number
/// of the operating system.
fn mysql(number: u16, text: &str) -> Meaning {
    let has_no_room =
        || ["error 28 ", "errno: 28", "Errcode: 28", "quota exceeded"].iter().any(|part| text.contains(part));
    match number {
        // Lock wait timeout, deadlock (on Galera also a failed certification).
        1205 | 1213 => Meaning::Transient,
        // Disk full, table full, temporary file not written.
        1021 | 1114 | 1878 => Meaning::Full,
        // Error on write, error of the storage engine.
        3 | 1026 | 1030 if has_no_room() => Meaning::Full,
        // Option --read-only, read-only mode, read-only transaction. On Galera also a node without
        // a majority.
        1290 | 1836 | 1792 | 1047 => Meaning::ReadOnly,
        // Too many connections, out of resources, shutdown, killed statement or connection,
        // statement timeout.
        1040 | 1041 | 1053 | 1203 | 1317 | 1927 | 1969 | 3024 => Meaning::Away,
        _ => Meaning::Other,
    }
}

/// Whether a transaction is certainly still open after this error of one of its statements.
pub(super) fn leaves_transaction(error: &DbErr, backend: DbBackend) -> bool {
    backend != DbBackend::Postgres && error.sql_err().is_some()
}

/// The error when nothing more is known about its circumstances.
pub(super) fn from_db(error: DbErr) -> Error {
    match meaning(&error) {
        Meaning::Transient => Error::transient(error),
        Meaning::Full => Error::caused(Kind::StorageFull, error),
        Meaning::ReadOnly => Error::caused(Kind::ReadOnly, error),
        Meaning::Away => Error::unavailable(error),
        Meaning::Other => Error::internal(error),
    }
}

/// The error of SQLite's writer when it can't begin. A lock is not retried, because the writer has
/// already waited for the other processes.
pub(super) fn from_begin(error: DbErr) -> Error {
    match meaning(&error) {
        Meaning::Transient => Error::unavailable(error),
        _ => from_db(error),
    }
}

/// The error of a commit. When the connection was lost during the commit, its outcome is unknown,
/// so it is not retried.
pub(super) fn from_commit(error: DbErr) -> Error {
    match meaning(&error) {
        Meaning::Away => Error::unavailable(error).detailed(UNKNOWN),
        _ => from_db(error),
    }
}

/// The error of an insert or update. A unique constraint becomes a conflict at its field. A
/// reference that was resolved and is gone now is retried, so that resolving it again gives the
/// error.
pub(super) fn from_write(error: DbErr, uniques: &[Unique]) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(text)) => {
            match uniques.iter().find(|unique| text.contains(unique.index) || text.contains(unique.columns)) {
                Some(unique) => Error::taken(unique.field),
                None => Error::transient(error),
            }
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => Error::gone(error),
        _ => from_db(error),
    }
}

/// The error of a delete. A foreign key means that other rows refer to this one.
pub(super) fn from_remove<N: Stored>(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => in_use::<N>(),
        _ => from_db(error),
    }
}

/// The error when other rows refer to a row that is to be deleted: [`Stored::IN_USE`] says which.
pub(crate) fn in_use<N: Stored>() -> Error {
    match N::IN_USE {
        Some(detail) => Error::with(Kind::InUse, detail),
        None => Kind::InUse.into(),
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        from_db(error)
    }
}

#[cfg(test)]
mod tests {
    use super::{Meaning, mysql, postgres, sqlite};

    #[test]
    fn full_and_read_only_databases_are_told_apart_from_faults() {
        for code in [13, 778, 4874] {
            assert_eq!(sqlite(code), Meaning::Full, "SQLite {code}");
        }
        for code in [8, 264, 1032] {
            assert_eq!(sqlite(code), Meaning::ReadOnly, "SQLite {code}");
        }
        assert_eq!((sqlite(266), sqlite(1299)), (Meaning::Away, Meaning::Other));
        assert_eq!((postgres("53100"), postgres("25006")), (Meaning::Full, Meaning::ReadOnly));
        assert_eq!((postgres("53200"), postgres("23502")), (Meaning::Away, Meaning::Other));
        let error_28 = "Got error 28 \"No space left on device\" from storage engine";
        for (number, text) in
            [(1021, ""), (1114, ""), (1030, error_28), (1026, "Error writing file (errno: 28 )")]
        {
            assert_eq!(mysql(number, text), Meaning::Full, "MariaDB {number}");
        }
        for number in [1290, 1836, 1047] {
            assert_eq!(mysql(number, ""), Meaning::ReadOnly, "MariaDB {number}");
        }
        assert_eq!(mysql(1030, "Got error 122 from storage engine"), Meaning::Other);
    }
}
