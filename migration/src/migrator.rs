//! Applies and reverts migrations, and records which ones are applied.
//!
//! The table of the records is that of `sea-orm-migration`. On MySQL and MariaDB a migration is
//! recorded before its first statement, with the time 0, until it ends.
//!
//! Invariant: a migration with the time 0 is unfinished, and runs again. On SQLite and PostgreSQL
//! each migration is one transaction, so none is ever unfinished.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{
        DatabaseConnection, DbBackend, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    },
};

use crate::{
    dialect::Dialect,
    manager::{MigrationTrait, SchemaManager, exists_already},
    migrations,
};

const RECORDS: &str = "seaql_migrations";

/// The end of the name of an additive migration: the previous version may run beside the new one.
pub const ADDITIVE: &str = "_additive";

/// How much of a migration a database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing.
    Missing,
    /// A part: it was interrupted while it was applied or reverted.
    Unfinished,
    /// All.
    Applied,
}

/// The migrations of this version, and those that the database has beside them.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The migrations of this version, oldest first.
    pub known: Vec<(String, Progress)>,
    /// The recorded migrations that this version does not know, by name.
    pub unknown: Vec<String>,
}

/// A table or a column whose data is lost when a migration is reverted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// The table.
    pub table: String,
    /// The column; `None` if the whole table is lost.
    pub column: Option<String>,
}

/// Applies and reverts migrations one by one.
#[derive(Clone, Copy, Debug)]
pub struct Migrator;

impl Migrator {
    /// Which migrations the database has. It only reads.
    ///
    /// # Errors
    /// The errors of the database.
    pub async fn standing(connection: &DatabaseConnection) -> Result<Standing, DbErr> {
        let manager = SchemaManager::direct(connection, false);
        let mut recorded = recorded(&manager).await?;
        let mut progress = |name: &str| {
            let at = recorded.iter().position(|(recorded, _)| recorded == name)?;
            Some(recorded.swap_remove(at).1)
        };
        let known = migrations().into_iter().map(|migration| {
            let name = migration.name();
            (name.to_owned(), progress(name).unwrap_or(Progress::Missing))
        });
        let known = known.collect();
        let mut unknown: Vec<_> = recorded.into_iter().map(|(name, _)| name).collect();
        unknown.sort();
        Ok(Standing { known, unknown })
    }

    /// The names of the migrations of this version, oldest first.
    pub fn names() -> Vec<String> {
        migrations().into_iter().map(|migration| migration.name().to_owned()).collect()
    }

    /// Applies a migration, unless it is applied already.
    ///
    /// # Errors
    /// The errors of the database. After an error on MySQL and MariaDB the migration is unfinished.
    /// Elsewhere nothing has changed.
    pub async fn apply(connection: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
        Self::run(connection, Direction::Up, &*find(name)?).await
    }

    /// Reverts a migration, unless the database has nothing of it.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub async fn revert(connection: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
        Self::run(connection, Direction::Down, &*find(name)?).await
    }

    /// The tables and columns whose data is lost when a migration is reverted. It only reads.
    ///
    /// # Errors
    /// The errors of the database.
    pub async fn losses(connection: &DatabaseConnection, name: &str) -> Result<Vec<Loss>, DbErr> {
        let manager = SchemaManager::rehearsal(connection);
        find(name)?.down(&manager).await?;
        Ok(manager.into_collected().iter().filter_map(|statement| loss(statement)).collect())
    }

    /// The tables of the database, except those in which SQLite stores an index.
    ///
    /// # Errors
    /// The errors of the database.
    pub async fn tables(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
        let backend = connection.get_database_backend();
        let query = Statement::from_string(backend, Dialect(backend).tables());
        let rows = connection.query_all_raw(query).await?;
        rows.iter().map(|row| row.try_get_by_index(0)).collect()
    }

    async fn run(
        connection: &DatabaseConnection,
        direction: Direction,
        migration: &dyn MigrationTrait,
    ) -> Result<(), DbErr> {
        if connection.get_database_backend() == DbBackend::MySql {
            let again = progress(&SchemaManager::direct(connection, false), migration.name()).await?
                == Progress::Unfinished;
            let manager = SchemaManager::direct(connection, again);
            let outcome = direction.run(&manager, migration).await;
            // TaskHub did not create what a first run found. The record is removed, so that the
            // next run does not accept it either.
            if outcome.as_ref().is_err_and(|error| !again && exists_already(error)) {
                forget(&manager, migration.name()).await?;
            }
            return outcome;
        }
        // SQLite: an immediate transaction. If two nodes migrate at once, one waits and then sees
        // what the other did.
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = connection.begin_with_options(immediate).await?;
        direction.run(&SchemaManager::transactional(&transaction), migration).await?;
        transaction.commit().await
    }
}

/// The direction of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Direction {
    async fn run(self, manager: &SchemaManager<'_>, migration: &dyn MigrationTrait) -> Result<(), DbErr> {
        let name = migration.name();
        let progress = progress(manager, name).await?;
        match self {
            Self::Up if progress == Progress::Applied => Ok(()),
            Self::Up => {
                begin(manager, name, progress).await?;
                migration.up(manager).await?;
                record(manager, name, Dialect(manager.get_database_backend()).now()).await
            }
            Self::Down if progress == Progress::Missing => Ok(()),
            Self::Down => {
                record(manager, name, Expr::value(0_i64)).await?;
                migration.down(manager).await?;
                forget(manager, name).await
            }
        }
    }
}

fn find(name: &str) -> Result<Box<dyn MigrationTrait>, DbErr> {
    let found = migrations().into_iter().find(|migration| migration.name() == name);
    found.ok_or_else(|| DbErr::Migration(format!("there is no migration {name}")))
}

/// The recorded migrations; none without the table.
async fn recorded(manager: &SchemaManager<'_>) -> Result<Vec<(String, Progress)>, DbErr> {
    if !manager.has_table(RECORDS).await? {
        return Ok(Vec::new());
    }
    let select = Query::select().columns(["version", "applied_at"]).from(RECORDS).take();
    let rows = manager.query_all(&select).await?;
    let read = |row: &sea_orm::QueryResult| {
        let (name, at): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok((name, if at == 0 { Progress::Unfinished } else { Progress::Applied }))
    };
    rows.iter().map(read).collect()
}

async fn progress(manager: &SchemaManager<'_>, name: &str) -> Result<Progress, DbErr> {
    let found = recorded(manager).await?.into_iter().find(|(recorded, _)| recorded == name);
    Ok(found.map_or(Progress::Missing, |(_, progress)| progress))
}

/// Records that a migration has begun.
async fn begin(manager: &SchemaManager<'_>, name: &str, progress: Progress) -> Result<(), DbErr> {
    if progress == Progress::Unfinished {
        return Ok(());
    }
    let mut records = Dialect(manager.get_database_backend()).table(RECORDS);
    records
        .if_not_exists()
        .col(ColumnDef::new("version").string().not_null().primary_key())
        .col(ColumnDef::new("applied_at").big_integer().not_null());
    manager.create_table(records).await?;
    let mut insert = Query::insert();
    insert.into_table(RECORDS).columns(["version", "applied_at"]).values_panic([name.into(), 0_i64.into()]);
    manager.execute(insert).await
}

async fn record(manager: &SchemaManager<'_>, name: &str, at: Expr) -> Result<(), DbErr> {
    let mut update = Query::update();
    update.table(RECORDS).value("applied_at", at).and_where(Expr::col("version").eq(name));
    manager.execute(update).await
}

async fn forget(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    let mut delete = Query::delete();
    delete.from_table(RECORDS).and_where(Expr::col("version").eq(name));
    manager.execute(delete).await
}

/// The data that a statement of a migration removes.
fn loss(statement: &str) -> Option<Loss> {
    let mut words = statement.split_whitespace().map(|word| word.trim_matches(['"', '`']));
    let mut next = || words.next().unwrap_or_default();
    match (next(), next(), next(), next(), next(), next()) {
        ("DROP", "TABLE", table, "", ..) => Some(Loss { table: table.to_owned(), column: None }),
        ("ALTER", "TABLE", table, "DROP", "COLUMN", column) => {
            Some(Loss { table: table.to_owned(), column: Some(column.to_owned()) })
        }
        _ => None,
    }
}
