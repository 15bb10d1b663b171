//! What goes with a row that goes for good: the rows of other nouns that lie in it.
//!
//! Invariant: a part goes through the door as whatever else is removed, with its audit row and its event, before what it lies in goes; the foreign keys
//! find none left to remove in silence. Parts go by the page, so that what waits in memory is bounded, and don't count among the rows that a request may
//! change beside those that it names: they are what it names. What is kept beside a row and is told of it (labels of a task, versions, words) is no part.

use futures::future::BoxFuture;
use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::{noun::Noun, tx::Tx};
use crate::Result;

/// How many parts are read at once.
const PAGE: u64 = 200;

/// Rows of a noun that lie in a row of another, and go with it.
pub struct Part {
    rows: Condition,
    remove: for<'a> fn(&'a Tx, Condition) -> BoxFuture<'a, Result<()>>,
}

impl Part {
    /// The rows of a noun that meet a condition.
    pub(crate) fn of<N: Noun>(rows: Condition) -> Self {
        Self { rows, remove: |tx, rows| Box::pin(remove_all::<N>(tx, rows)) }
    }

    /// Removes them, judged with what they lie in.
    pub(super) async fn remove(self, tx: &Tx) -> Result<()> {
        (self.remove)(tx, self.rows).await
    }
}

async fn remove_all<N: Noun>(tx: &Tx, rows: Condition) -> Result<()> {
    let page = tx.owned::<N>().filter(rows).order_by_asc(N::id_column()).limit(PAGE).into_query();
    loop {
        let found: Vec<N> = tx.lock_all(page.clone()).await?;
        if found.is_empty() {
            return Ok(());
        }
        for row in found {
            tx.erase("delete", row).await?;
        }
        tx.write_records().await?;
    }
}
