//! What a database's error means: to the store, which may try again, and to the client.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

use super::noun::Unique;
use crate::Error;

/// An error that may pass when the transaction is tried again: a deadlock, a serialisation failure, a lock that was not got.
pub(super) fn is_transient(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return false;
    };
    let Some(cause) = cause.as_database_error() else { return false };
    let code = cause.code().unwrap_or_default();
    // PostgreSQL: serialization_failure, deadlock_detected, lock_not_available. MySQL: SQLSTATE 40001 is a deadlock, and a lock wait
    // that timed out comes as HY000 with its number in the text. SQLite: BUSY and its extended codes.
    matches!(&*code, "40001" | "40P01" | "55P03" | "5" | "261" | "517")
        || (code == "HY000" && cause.message().contains("Lock wait timeout exceeded"))
}

/// The database went away, or is not there yet: a connection broke, or a server that shuts down or starts up refused.
fn is_away(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return false;
    };
    match &**cause {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL: admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections, and connection exceptions.
        sqlx::Error::Database(cause) => {
            let code = cause.code().unwrap_or_default();
            matches!(&*code, "57P01" | "57P02" | "57P03" | "53300") || code.starts_with("08")
        }
        _ => false,
    }
}

/// What an error means when nothing more is known about it.
pub(super) fn from_db(error: DbErr) -> Error {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Error::unavailable(error),
        _ if is_away(&error) => Error::unavailable(error),
        _ if is_transient(&error) => Error::transient(error),
        _ => Error::internal(error),
    }
}

/// What an insert's or update's error means: a unique constraint becomes a conflict at its field, by its name. A reference that was
/// resolved and is gone by now is tried again, so that resolving it gives the answer.
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

/// What a delete's error means: a foreign key says that other rows refer to this one.
pub(super) fn from_remove(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => crate::error::Kind::InUse.into(),
        _ => from_db(error),
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        from_db(error)
    }
}
