//! Statements that are built once and kept: those of the hot paths. Each is built by the scope's own builder, so that it
//! names the tenant.

use std::{
    any::TypeId,
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// What becomes of a row that is found, until the transaction ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lock {
    /// Nobody changes it.
    Shared,
    /// Nobody else changes it.
    Own,
}

/// What a kept statement is for.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Find(TypeId, Option<Lock>),
    Insert(&'static str, usize),
    InsertTogether(Vec<(&'static str, usize)>),
}

/// The kept statements of one database.
#[derive(Default)]
pub(super) struct Statements(RwLock<HashMap<Key, Arc<str>>>);

impl Statements {
    /// The statement that finds a row by tenant and id, locking it or not.
    pub(super) fn find<N: 'static>(&self, lock: Option<Lock>, build: impl FnOnce() -> String) -> Arc<str> {
        self.get(Key::Find(TypeId::of::<N>(), lock), build)
    }

    /// The statement that inserts so many rows into a table.
    pub(super) fn insert(
        &self,
        table: &'static str,
        rows: usize,
        build: impl FnOnce() -> String,
    ) -> Arc<str> {
        self.get(Key::Insert(table, rows), build)
    }

    /// The statement that inserts so many rows into each of some tables.
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
