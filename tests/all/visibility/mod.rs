//! Scenario tests of visibility changes: a client that keeps a copy by the change feed has exactly
//! what it could read.

mod assignment;
mod copy;
mod mirror;
mod team;
mod user;
mod world;

use serde_json::Value;
use taskhub_tests::{App, User};

use crate::feed::{name, since};

/// The changes since the cursor. Changes that require reading again are marked.
async fn told(app: &App, by: &User, cursor: &str, nouns: &str) -> Vec<String> {
    let (changes, _) = since(app, &by.token, cursor, &format!("&noun={nouns}")).await;
    changes.iter().map(shown).collect()
}

fn shown(change: &Value) -> String {
    if change["reread"] == true { format!("{} reread", name(change)) } else { name(change) }
}
