//! Reads rows by position.
//!
//! The decoding of sea-orm looks up every column by name and makes an error of every null, which is
//! most of the cost of a list. Here a row type names its fields once, in the order of its columns
//! ([`positions!`]).
//!
//! Invariant: the fields have the order of the entity's columns. A test compares them.

use sea_orm::{DbErr, QueryResult, RuntimeErr};
use sqlx::{Row, mysql::MySqlRow, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use super::people::RemovedUser;
use crate::{Date, Timestamp};

/// A row of one of the databases.
pub enum Cells<'a> {
    /// SQLite.
    Sqlite(&'a SqliteRow),
    /// PostgreSQL.
    Postgres(&'a PgRow),
    /// MySQL or MariaDB.
    MySql(&'a MySqlRow),
}

/// A type that a value of a column is read as.
pub trait Cell: Sized {
    /// The value at a position, from 0; `None` for null.
    ///
    /// # Errors
    /// When the column has another type, or a value that the type does not have.
    fn read(cells: &Cells<'_>, position: usize) -> Result<Option<Self>, sqlx::Error>;
}

/// The type of a field of a row: a [`Cell`], or an option of it where the column can be null.
pub trait Field: Sized {
    /// The value at a position, from 0.
    ///
    /// # Errors
    /// As [`Cell::read`], and for a null where the type has none.
    fn get(cells: &Cells<'_>, position: usize) -> Result<Self, sqlx::Error>;
}

/// A type that is read from whole rows.
pub trait Positioned: Sized {
    /// The columns in the order in which they are read.
    const COLUMNS: &'static [&'static str];

    /// Reads a row.
    ///
    /// # Errors
    /// As [`Cell::read`], and for a null where the field has none.
    fn read(cells: &Cells<'_>) -> Result<Self, sqlx::Error>;

    /// The id of the user that the row names even after the user was removed, and the field of the
    /// response for that user's data.
    fn person(&mut self) -> Option<(Uuid, &mut Option<RemovedUser>)> {
        None
    }
}

impl<'a> Cells<'a> {
    fn of(row: &'a QueryResult) -> Option<Self> {
        row.try_as_sqlite_row()
            .map(Self::Sqlite)
            .or_else(|| row.try_as_pg_row().map(Self::Postgres))
            .or_else(|| row.try_as_mysql_row().map(Self::MySql))
    }

    /// The value at a position, from 0; null only where the field can be null.
    ///
    /// # Errors
    /// As [`Cell::read`], and for a null where the field has none.
    pub fn get<T: Field>(&self, position: usize) -> Result<T, sqlx::Error> {
        T::get(self, position)
    }
}

impl<T: Cell> Field for T {
    fn get(cells: &Cells<'_>, position: usize) -> Result<Self, sqlx::Error> {
        T::read(cells, position)?
            .ok_or_else(|| sqlx::Error::Decode(format!("null in column {position}").into()))
    }
}

impl<T: Cell> Field for Option<T> {
    fn get(cells: &Cells<'_>, position: usize) -> Result<Self, sqlx::Error> {
        T::read(cells, position)
    }
}

/// Reads a row.
pub(super) fn read<T: Positioned>(row: &QueryResult) -> Result<T, DbErr> {
    let cells = Cells::of(row).ok_or_else(|| DbErr::Custom("a row of an unknown database".to_owned()))?;
    T::read(&cells).map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
}

macro_rules! plain {
    ($($kind:ty),*) => {$(
        impl Cell for $kind {
            fn read(cells: &Cells<'_>, position: usize) -> Result<Option<Self>, sqlx::Error> {
                match cells {
                    Cells::Sqlite(row) => row.try_get(position),
                    Cells::Postgres(row) => row.try_get(position),
                    Cells::MySql(row) => row.try_get(position),
                }
            }
        }
    )*};
}

plain!(bool, i16, i32, i64, String, Vec<u8>, Uuid, time::Date);

impl Cell for Date {
    fn read(cells: &Cells<'_>, position: usize) -> Result<Option<Self>, sqlx::Error> {
        Ok(time::Date::read(cells, position)?.map(Self::from_calendar))
    }
}

impl Cell for Timestamp {
    fn read(cells: &Cells<'_>, position: usize) -> Result<Option<Self>, sqlx::Error> {
        Ok(i64::read(cells, position)?.map(Self::from_micros))
    }
}

/// Implements [`Cell`] for an enum that sea-orm maps to text or numbers.
macro_rules! enumeration {
    ($kind:ty as $base:ty) => {
        impl $crate::kernel::repository::row::Cell for $kind {
            fn read(
                cells: &$crate::kernel::repository::row::Cells<'_>,
                position: usize,
            ) -> Result<Option<Self>, sqlx::Error> {
                let base = <$base as $crate::kernel::repository::row::Cell>::read(cells, position)?;
                base.map(|base| <Self as sea_orm::ActiveEnum>::try_from_value(&base))
                    .transpose()
                    .map_err(|error| sqlx::Error::Decode(error.into()))
            }
        }
    };
}
pub(crate) use enumeration;

/// Implements [`Positioned`] for a row: its fields in the order of its columns. `removed of whom`
/// are the field and the column of [`Positioned::person`].
macro_rules! positions {
    ($row:ident { $($field:ident),* $(,)? } $(, $removed:ident of $whom:ident)?) => {
        impl $crate::kernel::repository::row::Positioned for $row {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn read(cells: &$crate::kernel::repository::row::Cells<'_>) -> Result<Self, sqlx::Error> {
                let mut position = 0..;
                $(let $field = cells.get(position.next().unwrap_or_default())?;)*
                Ok(Self { $($field,)* $($removed: None)? })
            }

            $(
                fn person(&mut self) -> Option<(uuid::Uuid, &mut Option<$crate::kernel::repository::people::RemovedUser>)> {
                    let id: Option<uuid::Uuid> = self.$whom.into();
                    Some((id?, &mut self.$removed))
                }
            )?
        }
    };
}
pub(crate) use positions;

#[cfg(test)]
mod tests {
    use sea_orm::{IdenStatic, Iterable};

    use super::Positioned;
    use crate::{
        identity::{
            access_token::AccessToken, invitation::Invitation, link::Link, mail::entity::Model as Waiting,
            picture::Picture, second_factor::SecondFactor, service_account::ServiceAccount, session::Session,
            tenant::Tenant, user::User,
        },
        insight::{
            aggregates::{LoggedDelta, Sum},
            notification::Notification,
        },
        kernel::{
            audit::{AuditEntry, HistoryEntry},
            event::Event,
            idempotency::entity::Model as Kept,
            repository::{
                Revocation,
                people::FormerUser,
                resource::{ColumnOf, Owned, Resource},
                text::entity::Model as Terms,
            },
        },
        work::{
            attachment::Attachment,
            client::Client,
            comment::{Comment, CommentVersion},
            document::{Document, DocumentVersion},
            file::File,
            label::Label,
            project::{Milestone, Project},
            reminder::{Alarm, Reminder},
            request::{ClientRequest, RequestType},
            task::{Task, TaskDependency},
            team::{Team, TeamMember},
            time_entry::TimeEntry,
            watcher::Watcher,
        },
    };

    fn as_columns<M: Owned>() {
        let columns: Vec<_> = ColumnOf::<M>::iter().map(|column| column.as_str()).collect();
        assert_eq!(M::COLUMNS, columns);
    }

    fn in_order<N: Resource>() {
        let columns: Vec<_> = ColumnOf::<N>::iter().map(|column| column.as_str()).collect();
        assert_eq!(N::COLUMNS, columns, "a row of {}", N::TYPE.as_str());
        let listed: Vec<_> = N::item_columns().iter().map(IdenStatic::as_str).collect();
        assert_eq!(N::Item::COLUMNS, listed, "a line of a list of {}", N::TYPE.as_str());
    }

    #[test]
    fn fields_stand_in_the_order_of_their_columns() {
        in_order::<AccessToken>();
        in_order::<Attachment>();
        in_order::<AuditEntry>();
        in_order::<Client>();
        in_order::<ClientRequest>();
        in_order::<Comment>();
        in_order::<CommentVersion>();
        in_order::<Document>();
        in_order::<DocumentVersion>();
        in_order::<HistoryEntry>();
        in_order::<Invitation>();
        in_order::<Label>();
        in_order::<Milestone>();
        in_order::<Notification>();
        in_order::<Project>();
        in_order::<Reminder>();
        in_order::<RequestType>();
        in_order::<SecondFactor>();
        in_order::<ServiceAccount>();
        in_order::<Session>();
        in_order::<Task>();
        in_order::<TaskDependency>();
        in_order::<Team>();
        in_order::<TeamMember>();
        in_order::<Tenant>();
        in_order::<TimeEntry>();
        in_order::<User>();
        in_order::<Watcher>();
        as_columns::<Alarm>();
        as_columns::<Event>();
        as_columns::<File>();
        as_columns::<FormerUser>();
        as_columns::<Revocation>();
        as_columns::<Kept>();
        as_columns::<Picture>();
        as_columns::<Link>();
        as_columns::<Waiting>();
        as_columns::<Terms>();
        as_columns::<Sum>();
        as_columns::<LoggedDelta>();
    }
}
