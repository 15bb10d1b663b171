//! Runs the statements of migrations, in the place of the manager with the same name in
//! `sea-orm-migration`.
//!
//! Invariant: a migration that was interrupted after any of its statements can run again. On SQLite
//! and PostgreSQL it is one transaction. On MySQL and MariaDB every change of the schema commits on
//! its own, so a repeated statement succeeds if its result exists already.

use std::sync::Mutex;

use sea_orm_migration::{
    SchemaManager as Library,
    prelude::*,
    sea_orm::{
        DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult, RuntimeErr, Statement,
        StatementBuilder,
        sqlx::{self, mysql::MySqlDatabaseError},
    },
};

/// A change of the schema that can be reverted. It names tables and columns as they were when it
/// was written.
#[async_trait::async_trait]
pub(crate) trait MigrationTrait: MigrationName + Send + Sync {
    /// Applies the change.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr>;

    /// Reverts the change.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr>;
}

/// The mode in which statements run.
enum Mode {
    /// The migration runs for the first time.
    First,
    /// An earlier run was interrupted. Its results are accepted.
    Again,
    /// Nothing changes: the statements are collected.
    Rehearsal(Mutex<Vec<String>>),
}

/// Runs the statements of one migration.
pub(crate) struct SchemaManager<'c> {
    library: Library<'c>,
    mode: Mode,
}

impl<'c> SchemaManager<'c> {
    /// Runs statements in a transaction.
    pub(crate) fn transactional(transaction: &'c DatabaseTransaction) -> Self {
        Self { library: Library::new(transaction), mode: Mode::First }
    }

    /// Runs statements without a transaction. `again` means that an earlier run was interrupted.
    pub(crate) fn direct(connection: &'c DatabaseConnection, again: bool) -> Self {
        Self { library: Library::new(connection), mode: if again { Mode::Again } else { Mode::First } }
    }

    /// Collects the statements of a migration instead of running them.
    pub(crate) fn rehearsal(connection: &'c DatabaseConnection) -> Self {
        Self { library: Library::new(connection), mode: Mode::Rehearsal(Mutex::default()) }
    }

    /// The statements that were collected.
    pub(crate) fn into_collected(self) -> Vec<String> {
        match self.mode {
            Mode::Rehearsal(statements) => statements.into_inner().unwrap_or_default(),
            Mode::First | Mode::Again => Vec::new(),
        }
    }

    pub(crate) fn get_database_backend(&self) -> DbBackend {
        self.library.get_database_backend()
    }

    /// Runs a statement. If it changes data, it must have the same result when it is repeated.
    pub(crate) async fn execute(&self, statement: impl StatementBuilder) -> Result<(), DbErr> {
        self.run(self.get_database_backend().build(&statement)).await
    }

    /// As [`Self::execute`], for SQL text.
    pub(crate) async fn execute_text(&self, sql: impl Into<String>) -> Result<(), DbErr> {
        self.run(Statement::from_string(self.get_database_backend(), sql)).await
    }

    /// Fills a table with an `INSERT … SELECT`. The statement inserts all rows or none, so the rows
    /// of an interrupted run are kept.
    pub(crate) async fn fill(&self, table: &str, mut sql: String) -> Result<(), DbErr> {
        if matches!(self.mode, Mode::Again) {
            sql = format!("{sql} ON DUPLICATE KEY UPDATE {table}.tenant_id = {table}.tenant_id");
        }
        self.execute_text(sql).await
    }

    /// As [`Self::fill`], from a query.
    pub(crate) async fn fill_from<const N: usize>(
        &self,
        table: &'static str,
        columns: [&'static str; N],
        rows: SelectStatement,
    ) -> Result<(), DbErr> {
        let mut insert = Query::insert();
        insert.into_table(table).columns(columns);
        insert.select_from(rows).map_err(|error| DbErr::Migration(error.to_string()))?;
        self.fill(table, self.get_database_backend().build(&insert).to_string()).await
    }

    /// As [`Self::execute`], for a statement with values.
    pub(crate) async fn execute_raw(&self, statement: Statement) -> Result<(), DbErr> {
        self.run(statement).await
    }

    async fn run(&self, statement: Statement) -> Result<(), DbErr> {
        if let Mode::Rehearsal(statements) = &self.mode {
            let mut statements = statements.lock().map_err(|error| DbErr::Migration(error.to_string()))?;
            statements.push(statement.sql);
            return Ok(());
        }
        let connection = self.library.get_connection();
        let outcome = if statement.values.is_some() {
            connection.execute_raw(statement).await
        } else {
            // SQLite's pragmas and PostgreSQL's changes of the schema can't be prepared.
            connection.execute_unprepared(&statement.sql).await
        };
        match outcome {
            Err(error) if matches!(self.mode, Mode::Again) && exists_already(&error) => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        #[cfg(test)]
        crate::tests::interrupt()?;
        Ok(())
    }

    pub(crate) async fn query_all(&self, query: &SelectStatement) -> Result<Vec<QueryResult>, DbErr> {
        self.library.get_connection().query_all(query).await
    }

    pub(crate) async fn query_one_raw(&self, query: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.library.get_connection().query_one_raw(query).await
    }

    pub(crate) async fn has_table(&self, table: &str) -> Result<bool, DbErr> {
        self.library.has_table(table).await
    }

    pub(crate) async fn has_column(&self, table: &str, column: &str) -> Result<bool, DbErr> {
        self.library.has_column(table, column).await
    }

    pub(crate) async fn create_table(&self, statement: TableCreateStatement) -> Result<(), DbErr> {
        self.execute(statement).await
    }

    pub(crate) async fn create_index(&self, statement: IndexCreateStatement) -> Result<(), DbErr> {
        self.execute(statement).await
    }

    pub(crate) async fn create_foreign_key(&self, statement: ForeignKeyCreateStatement) -> Result<(), DbErr> {
        self.execute(statement).await
    }

    pub(crate) async fn alter_table(&self, statement: TableAlterStatement) -> Result<(), DbErr> {
        self.execute(statement).await
    }

    pub(crate) async fn drop_table(&self, statement: TableDropStatement) -> Result<(), DbErr> {
        self.execute(statement).await
    }

    pub(crate) async fn drop_index(&self, statement: IndexDropStatement) -> Result<(), DbErr> {
        self.execute(statement).await
    }

    pub(crate) async fn drop_foreign_key(&self, statement: ForeignKeyDropStatement) -> Result<(), DbErr> {
        self.execute(statement).await
    }
}

/// Whether a change of the schema failed on MySQL or MariaDB because its result exists already.
pub(crate) fn exists_already(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return false;
    };
    let sqlx::Error::Database(cause) = &**cause else { return false };
    let Some(cause) = cause.try_downcast_ref::<MySqlDatabaseError>() else { return false };
    match cause.number() {
        // A table exists or is gone; a column or an index exists; a constraint exists (MySQL);
        // there is nothing to drop.
        1050 | 1051 | 1060 | 1061 | 1826 | 1091 => true,
        // A constraint exists (MariaDB).
        1005 => cause.message().contains("errno: 121"),
        _ => false,
    }
}
