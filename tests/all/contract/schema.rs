//! The tenant is part of the key of every table and of every foreign key, according to the
//! catalogue of the database.
//!
//! Tables that belong to no tenant are in [`SHARED`]; columns with the id of a row but without a
//! foreign key are in [`LOOSE`]. A new table or column that is in neither fails the test.

use std::collections::BTreeSet;

use taskhub_tests::{App, every_database};

use super::database::{Database, Reference};

every_database!(
    tenant_is_part_of_every_primary_key,
    every_foreign_key_stays_within_its_tenant,
    every_id_column_has_a_foreign_key_or_is_listed
);

/// The internal tables of SQLite for the full-text index.
const INDEX: &str = "search_text_fts";

/// The lock table for migrations, on databases that need a row for that (MySQL and MariaDB).
const TURN: &str = "migration_lock";

/// The tables that belong to no tenant, and the one with a number per tenant.
const SHARED: [&str; 7] =
    ["feed", "guess", "installation", "readiness", "registration_invitation", "seaql_migrations", "tenant"];

/// The columns with the id of a row that may be gone: in records, texts, notifications, aggregates
/// and revocations.
const LOOSE: [(&str, &str); 15] = [
    ("audit", "actor_id"),
    ("audit", "row_id"),
    ("comment", "author_id"),
    ("event", "row_id"),
    ("event", "within_id"),
    ("notification", "actor_id"),
    ("notification", "row_id"),
    ("notification", "task_id"),
    ("revocation", "session_id"),
    ("revocation", "subject_id"),
    ("revocation", "token_id"),
    ("tally", "project_id"),
    ("tally_sum", "project_id"),
    ("task_dependency", "author_id"),
    ("time_entry", "user_id"),
];

/// The request id in an audit entry comes from the client and names no row.
const WORDS: [(&str, &str); 1] = [("audit", "request_id")];

async fn owned(database: &Database) -> BTreeSet<String> {
    let all: BTreeSet<_> = database.tables().await.into_iter().collect();
    for shared in SHARED {
        assert!(all.contains(shared), "there is no table {shared} any more");
    }
    let owned: BTreeSet<_> = all
        .into_iter()
        .filter(|table| !SHARED.contains(&table.as_str()) && !table.starts_with(INDEX) && table != TURN)
        .collect();
    assert!(owned.len() >= 8, "{owned:?}");
    owned
}

async fn tenant_is_part_of_every_primary_key(app: &App) {
    let database = Database::of(app).await;
    for table in owned(&database).await {
        assert_eq!(database.key(&table).await, ["tenant_id", "id"], "the primary key of {table}");
    }
}

async fn every_foreign_key_stays_within_its_tenant(app: &App) {
    let database = Database::of(app).await;
    let owned = owned(&database).await;
    let references = database.references().await;
    assert!(references.len() >= 8, "{references:?}");
    for Reference { table, columns, target, target_columns } in references {
        assert!(owned.contains(&table), "{table}, which is no tenant's, refers to {target}");
        let pairs: BTreeSet<_> =
            columns.iter().map(String::as_str).zip(target_columns.iter().map(String::as_str)).collect();
        if target == "tenant" {
            assert_eq!(pairs, BTreeSet::from([("tenant_id", "id")]), "{table}");
        } else {
            assert!(owned.contains(&target), "{table} refers to {target}, which is no tenant's");
            assert!(
                pairs.contains(&("tenant_id", "tenant_id")),
                "{table} refers to {target} by {columns:?} alone"
            );
            assert!(
                pairs.iter().any(|(_, to)| *to == "id"),
                "{table} refers to {target} by {target_columns:?}"
            );
        }
    }
}

async fn every_id_column_has_a_foreign_key_or_is_listed(app: &App) {
    let database = Database::of(app).await;
    let references = database.references().await;
    let refers = |table: &str, column: &str| {
        references.iter().any(|it| it.table == table && it.columns.iter().any(|name| name == column))
    };
    let mut loose = BTreeSet::new();
    for table in owned(&database).await {
        for column in database.columns(&table).await {
            let names_a_row = column.ends_with("_id") && column != "tenant_id";
            let pair = (table.as_str(), column.as_str());
            if names_a_row && !WORDS.contains(&pair) && !refers(&table, &column) {
                loose.insert((table.clone(), column));
            }
        }
    }
    let reviewed = LOOSE.map(|(table, column)| (table.to_owned(), column.to_owned()));
    assert_eq!(loose, BTreeSet::from(reviewed), "columns that name a row without a reference");
}
