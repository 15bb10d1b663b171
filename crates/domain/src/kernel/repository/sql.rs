//! Cached statements: the hot paths build each statement once.
//!
//! Invariant: the scope builds each of them, so each names the tenant.

use std::{
    any::TypeId,
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// The lock of a row that is found, until the end of the transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lock {
    /// Nobody changes the row.
    Shared,
    /// Nobody else changes the row.
    Own,
}

/// The purpose of a cached statement.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Find(TypeId, Option<Lock>),
    Insert(&'static str, usize),
    InsertTogether(Vec<(&'static str, usize)>),
}

/// The cached statements of one database.
#[derive(Default)]
pub(super) struct Statements(RwLock<HashMap<Key, Arc<str>>>);

impl Statements {
    /// The statement that finds a row by tenant and id, with or without a lock.
    pub(super) fn find<N: 'static>(&self, lock: Option<Lock>, build: impl FnOnce() -> String) -> Arc<str> {
        self.get(Key::Find(TypeId::of::<N>(), lock), build)
    }

    /// The statement that inserts `rows` rows into a table.
    pub(super) fn insert(
        &self,
        table: &'static str,
        rows: usize,
        build: impl FnOnce() -> String,
    ) -> Arc<str> {
        self.get(Key::Insert(table, rows), build)
    }

    /// The statement that inserts numbers of rows into several tables.
    pub(super) fn insert_together(
        &self,
        tables: Vec<(&'static str, usize)>,
        build: impl FnOnce() -> String,
    ) -> Arc<str> {
        self.get(Key::InsertTogether(tables), build)
    }

    fn get(&self, key: Key, build: impl FnOnce() -> String) -> Arc<str> {
        if let Some(sql) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return sql.clone();
        }
        let sql: Arc<str> = build().into();
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, sql.clone());
        sql
    }
}
