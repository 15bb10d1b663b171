//! Searches for words in columns that [`taskhub_migration::text::searched`] has folded.
//!
//! Invariant: the same rows are found on every database.

use sea_orm::{ColumnTrait, Condition, sea_query::LikeExpr};

use taskhub_migration::text::searched;

use crate::{Error, Result};

/// The greatest length of the search text, in characters.
pub const LONGEST: usize = 100;
/// The escape character of a pattern, the same on every database.
const ESCAPE: char = '!';

/// The condition that every word occurs in one of the columns. The columns are stored folded,
/// because databases fold letters differently.
pub(super) fn condition(name: &str, text: &str, columns: &[impl ColumnTrait]) -> Result<Condition> {
    let is_short = text.chars().nth(LONGEST).is_none();
    let mut words = searched(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    words.dedup();
    if !is_short || words.is_empty() || text.contains(char::is_control) {
        let expected = format!("Must be one or more words of at most {LONGEST} characters in total.");
        return Err(Error::parameter(name, expected));
    }
    let mut all = Condition::all();
    for word in words {
        let mut pattern = "%".to_owned();
        for letter in word.chars() {
            if matches!(letter, '%' | '_' | ESCAPE) {
                pattern.push(ESCAPE);
            }
            pattern.push(letter);
        }
        pattern.push('%');
        let like = || LikeExpr::new(pattern.clone()).escape(ESCAPE);
        all = all.add(columns.iter().fold(Condition::any(), |any, column| any.add(column.like(like()))));
    }
    Ok(all)
}
