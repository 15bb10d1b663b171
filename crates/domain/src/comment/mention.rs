//! Whom a comment mentions.

use sea_orm::{QueryFilter, QueryOrder, QueryTrait, entity::prelude::*};

use crate::{
    Result, Tx,
    task::{self, Task},
    user::{self, User},
};

/// The most users that one comment mentions.
const MOST: usize = 50;
/// The bounds of a username.
const NAME: std::ops::RangeInclusive<usize> = 3..=64;

/// The users whom a text mentions, of those who can see the task. Other names stay text, and nobody can tell which of them are somebody's.
pub(super) async fn users(tx: &Tx, task: Uuid, text: &str) -> Result<Vec<Uuid>> {
    let names = names(text);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let Some(task) = tx.find::<Task>(task, false).await? else { return Ok(Vec::new()) };
    let named = tx
        .owned::<User>()
        .filter(user::entity::Column::Username.is_in(names))
        .filter(user::entity::Column::IsActive.eq(true))
        .order_by_asc(user::entity::Column::Id);
    let mut users = Vec::new();
    for user in tx.all::<User>(&named.into_query()).await? {
        if task::is_seen(&task, &tx.seen_by(&user)).await? {
            users.push(user.id);
        }
    }
    Ok(users)
}

/// The first names that stand behind an `@` outside code, in lower case, each once.
fn names(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for prose in prose(text) {
        for (at, _) in prose.match_indices('@') {
            let (before, after) = (prose.get(..at), prose.get(at + 1..));
            // In an address of email, or behind another @, it is none.
            if before
                .is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || "._-@".contains(c)))
            {
                continue;
            }
            let word = after.unwrap_or_default().split(|c: char| !is_of_a_name(c)).next().unwrap_or_default();
            let name = word.trim_end_matches(['.', '-', '_']).to_ascii_lowercase();
            if NAME.contains(&name.len()) && !names.contains(&name) {
                names.push(name);
            }
            if names.len() == MOST {
                return names;
            }
        }
    }
    names
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

/// What of a text is no code: code stands between two runs of as many backticks.
fn prose(text: &str) -> Vec<&str> {
    let runs: Vec<(usize, usize)> = text
        .char_indices()
        .filter(|(at, c)| *c == '`' && !text.get(..*at).is_some_and(|before| before.ends_with('`')))
        .map(|(at, _)| (at, text.get(at..).unwrap_or_default().chars().take_while(|c| *c == '`').count()))
        .collect();
    let (mut pieces, mut from, mut next) = (Vec::new(), 0, 0);
    // The last place of each length of run, so that a run without a match is not looked for again and again.
    let mut last = std::collections::HashMap::new();
    for (place, (_, length)) in runs.iter().enumerate() {
        last.insert(*length, place);
    }
    while let Some((at, length)) = runs.get(next) {
        let closes = last.get(length).is_some_and(|last| *last > next);
        let close =
            closes.then(|| runs.iter().skip(next + 1).position(|(_, other)| other == length)).flatten();
        let Some(close) = close else {
            next += 1;
            continue;
        };
        pieces.extend(text.get(from..*at));
        next += 1 + close;
        from = runs.get(next).map_or(text.len(), |(at, length)| at + length);
        next += 1;
    }
    pieces.extend(text.get(from..));
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mention_is_a_name_behind_an_at_outside_code() {
        let found = |text: &str| names(text).join(" ");
        assert_eq!(found("@ada and (@Grace), @grace."), "ada grace");
        assert_eq!(found("@a.b-c_d. @ab @ada--"), "a.b-c_d ada");
        assert_eq!(found("ada@acme.example, @@ada, x_@ada"), "");
        assert_eq!(found("`@ada` ``a ` @ada`` @grace"), "grace");
        assert_eq!(found("```\n@ada\n``` @grace `@alan"), "grace alan");
        assert_eq!(found("@adaß @日本 @"), "ada");
        let many: String = (0..60).map(|number| format!("@user{number} ")).collect();
        assert_eq!(names(&many).len(), MOST);
    }

    proptest! {
        /// Whatever the text: each name could be one's, and none stands there twice.
        #[test]
        fn names_are_names(text in "[@`a-c._ é\n-]{0,60}|.*") {
            let names = names(&text);
            prop_assert!(names.iter().all(|name| NAME.contains(&name.len()) && name.chars().all(is_of_a_name)));
            prop_assert!((1..names.len()).all(|at| !names[..at].contains(&names[at])));
        }

        /// Code and prose are all of the text but for the backticks around code.
        #[test]
        fn prose_is_in_the_text(text in "[`a@ \n]{0,40}") {
            prop_assert!(prose(&text).into_iter().all(|piece| text.contains(piece)));
        }
    }
}
