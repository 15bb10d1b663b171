//! Batches: rows that wait and are inserted many at once.
//!
//! Audit and event rows wait until the end of the transaction, because nothing reads them in it.
//! The rows of some resources wait too ([`super::resource::Stored::BATCHED`]). Events come last
//! and get their positions then ([`super::feed`]).
//!
//! A statement inserts a power of two of rows, so a few prepared statements serve every number of
//! rows.

use sea_orm::{
    DbBackend, DbErr, EntityName, EntityTrait, IdenStatic, Iterable, ModelTrait, Value,
    sea_query::{CommonTableExpression, Expr, InsertStatement, Query},
};

use super::{conn::Conn, feed, sql::Statements};
use crate::kernel::event::Event;

/// The maximum of rows that one statement inserts. With 20 columns it stays far below the limit of
/// bound values of every database.
const MOST: usize = 256;

/// Rows of one table.
pub(super) struct Batch {
    pub(super) table: &'static str,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Value>>,
}

/// Rows that wait, by table, in the order of the first row of each table.
#[derive(Default)]
pub(super) struct Batches(Vec<Batch>);

impl Batches {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a row.
    pub(super) fn push<M: ModelTrait>(&mut self, row: &M) {
        let values = <M::Entity as EntityTrait>::Column::iter().map(|column| row.get(column)).collect();
        let table = M::Entity::default().table_name();
        if let Some(batch) = self.0.iter_mut().find(|batch| batch.table == table) {
            batch.rows.push(values);
        } else {
            let columns = <M::Entity as EntityTrait>::Column::iter().map(|column| column.as_str()).collect();
            self.0.push(Batch { table, columns, rows: vec![values] });
        }
    }

    /// Adds the rows of another batch.
    pub(super) fn absorb(&mut self, other: Self) {
        for batch in other.0 {
            match self.0.iter_mut().find(|mine| mine.table == batch.table) {
                Some(mine) => mine.rows.extend(batch.rows),
                None => self.0.push(batch),
            }
        }
    }

    /// Inserts all rows, and then the events with their positions. On PostgreSQL the rows of a
    /// small write go by one statement: one round trip instead of one for each table.
    pub(super) async fn flush_with(
        &mut self,
        mut events: Vec<Event>,
        conn: &Conn,
        statements: &Statements,
    ) -> Result<(), DbErr> {
        let Some(first) = events.first() else { return self.flush(conn, statements).await };
        // A write adds at most two rows to the aggregates, and one to each other table.
        let few = events.len() <= 2 && self.0.iter().all(|batch| batch.rows.len() <= 2);
        if few && conn.backend() == DbBackend::Postgres {
            let mut batches = vec![feed::counting(first.tenant_id, events.len())];
            batches.append(&mut self.0);
            // The statement adds the last position, so these are the distances from it.
            feed::count_back(events.iter_mut(), 0);
            self.push_all(&events);
            batches.append(&mut self.0);
            let tables = batches.iter().map(|batch| (batch.table, batch.rows.len())).collect();
            let sql = statements.insert_together(tables, || together(&batches, conn));
            let values = batches.into_iter().flat_map(|batch| batch.rows).flatten().collect();
            return conn.execute(&sql, values).await.map(drop);
        }
        self.flush(conn, statements).await?;
        feed::number(&mut events, conn).await?;
        self.push_all(&events);
        self.flush(conn, statements).await
    }

    fn push_all(&mut self, events: &[Event]) {
        for event in events {
            self.push(event);
        }
    }

    /// Inserts all rows.
    pub(super) async fn flush(&mut self, conn: &Conn, statements: &Statements) -> Result<(), DbErr> {
        for batch in std::mem::take(&mut self.0) {
            let mut rows = batch.rows.into_iter();
            while rows.len() > 0 {
                let size = (1 << rows.len().ilog2()).min(MOST);
                let sql = statements
                    .insert(batch.table, size, || conn.build(&insert(batch.table, &batch.columns, size)));
                let values: Vec<Value> = rows.by_ref().take(size).flatten().collect();
                conn.execute(&sql, values).await?;
            }
        }
        Ok(())
    }
}

/// The statement that inserts `size` rows.
fn insert(table: &'static str, columns: &[&'static str], size: usize) -> InsertStatement {
    let mut statement = Query::insert();
    statement.into_table(table).columns(columns.iter().copied());
    for _ in 0..size {
        // Only the number of placeholders matters, not these values.
        statement.values_panic(columns.iter().map(|_| Expr::value(0)));
    }
    statement
}

/// The statement that increments the feed's position and inserts the rows of all tables. All tables
/// but the last are in common table expressions. The last one is that of the events.
fn together(batches: &[Batch], conn: &Conn) -> String {
    let [counting, rows @ .., events] = batches else { return String::new() };
    let mut count = insert(counting.table, &counting.columns, 1);
    let mut earlier = Query::with();
    let mut add = |name: String, query: InsertStatement| {
        let mut expression = CommonTableExpression::new();
        earlier.cte(expression.table_name(name).query(query).to_owned());
    };
    add(feed::COUNTED.to_owned(), feed::returning(&mut count).to_owned());
    for batch in rows {
        add(format!("new_{}", batch.table), insert(batch.table, &batch.columns, batch.rows.len()));
    }
    let mut last = Query::insert();
    last.into_table(events.table).columns(events.columns.iter().copied());
    for _ in &events.rows {
        let value = |name: &&str| if *name == feed::POSITION { feed::counted() } else { Expr::value(0) };
        last.values_panic(events.columns.iter().map(value));
    }
    conn.build(&earlier.query(last))
}

/// Inserts one row immediately.
pub(super) async fn insert_now<M: ModelTrait>(
    row: &M,
    conn: &Conn,
    statements: &Statements,
) -> Result<(), DbErr> {
    let mut batches = Batches::default();
    batches.push(row);
    batches.flush(conn, statements).await
}
