//! Searching for words in columns that are kept folded: the same rows on every database, whatever the letters.

use sea_orm::{ColumnTrait, Condition, sea_query::LikeExpr};

use crate::{Error, Result, input::fold};

/// The most characters that are searched for.
pub const LONGEST: usize = 100;
/// What stands before a letter of a pattern that stands for itself: the same on every database.
const ESCAPE: char = '!';

/// Every word stands in one of the columns, which are kept folded: no database folds all letters as the others do.
pub(super) fn condition(name: &str, text: &str, columns: &[impl ColumnTrait]) -> Result<Condition> {
    let is_short = text.chars().nth(LONGEST).is_none();
    let mut words = fold(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    words.dedup();
    if !is_short || words.is_empty() || text.contains(char::is_control) {
        let expected = format!("Expected words of together at most {LONGEST} characters.");
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
