//! Finds the users whom a comment mentions.
//!
//! Invariant: a mention has an effect only for a user who sees the task, and the response is the
//! same for a name that nobody has. The time to parse a text grows only with its length.

use pulldown_cmark::{Event, LinkType, Parser, Tag, TagEnd};
use sea_orm::{QueryFilter, QueryOrder, QueryTrait, entity::prelude::*};

use crate::{
    Result, Tx,
    identity::user::{self, User},
    work::task::{self, Task},
};

/// How many different names of a text count.
const MOST: usize = 50;
/// The bounds of the length of a username.
const NAME: std::ops::RangeInclusive<usize> = 3..=64;

/// The users whom a text mentions and who can see the task. Other names are plain text, and callers
/// cannot tell which of them exist.
pub(super) async fn users(tx: &Tx, task: Uuid, text: &str) -> Result<Vec<Uuid>> {
    let names = names(text);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let Some(task) = tx.find::<Task>(task, false).await? else { return Ok(Vec::new()) };
    let found = tx
        .owned::<User>()
        .filter(user::entity::Column::Username.is_in(names))
        .filter(user::entity::Column::IsActive.eq(true))
        .order_by_asc(user::entity::Column::Id);
    let mut users = Vec::new();
    for user in tx.all::<User>(&found.into_query()).await? {
        if task::is_seen(&task, &tx.seen_by(&user)).await? {
            users.push(user.id);
        }
    }
    Ok(users)
}

/// The first names after an `@` in the text that Markdown shows, in lower case, each once.
fn names(source: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for word in prose(source).split_whitespace() {
        let address = Address::in_word(word);
        for (at, _) in word.match_indices('@').filter(|(at, _)| !address.covers(word, *at)) {
            let after = word.get(at + 1..).unwrap_or_default();
            let name = after.split(|c: char| !is_of_a_name(c)).next().unwrap_or_default();
            let name = name.trim_end_matches(['.', '-', '_']).to_ascii_lowercase();
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

/// Where a URL or a domain begins in a word.
struct Address {
    scheme: Option<usize>,
    dot: Option<usize>,
}

impl Address {
    fn in_word(word: &str) -> Self {
        Self { scheme: word.find("://"), dot: word.find('.') }
    }

    /// Whether the `@` at a place belongs to a URL or an email address, or follows another `@`.
    fn covers(&self, word: &str, at: usize) -> bool {
        let before = word.get(..at).unwrap_or_default();
        let is_before = |place: Option<usize>| place.is_some_and(|place| place < at);
        is_before(self.scheme)
            || (before.ends_with('/') && is_before(self.dot))
            || before.ends_with(|c: char| c.is_alphanumeric() || "._-@".contains(c))
    }
}

/// The text that Markdown shows, without code, HTML, the addresses of links and escaped mentions.
fn prose(source: &str) -> String {
    let (mut prose, mut hidden) = (String::with_capacity(source.len()), 0_usize);
    for (event, place) in Parser::new(source).into_offset_iter() {
        match event {
            Event::Start(tag) if hidden > 0 || hides(&tag) => hidden += 1,
            Event::End(_) if hidden > 0 => hidden -= 1,
            Event::Text(text) if hidden == 0 => {
                let is_escaped = source.get(..place.start).is_some_and(|before| before.ends_with('\\'));
                prose.push_str(text.strip_prefix('@').filter(|_| is_escaped).unwrap_or(&text));
            }
            // Emphasis may begin and end within a word.
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. })
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Image)
            | Event::Text(_) => {}
            _ => prose.push(' '),
        }
    }
    prose
}

/// Whether the content of a tag is not text for people to read.
fn hides(tag: &Tag<'_>) -> bool {
    let is_address = |link: &LinkType| matches!(link, LinkType::Autolink | LinkType::Email);
    match tag {
        Tag::CodeBlock(_) | Tag::HtmlBlock => true,
        Tag::Link { link_type, .. } => is_address(link_type),
        _ => false,
    }
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
        assert_eq!(found("```\n@ada\n```\n@grace `@alan"), "grace alan");
        assert_eq!(found("    @ada\n\n@grace"), "grace");
        assert_eq!(found("@adaß @日本 @"), "ada");
        let many: Vec<_> = (0..60).map(|number| format!("@user{number}")).collect();
        assert_eq!(names(&many.join(" ")).len(), MOST);
    }

    #[test]
    fn a_mention_is_judged_on_the_text_that_markdown_shows() {
        let found = |text: &str| names(text).join(" ");
        assert_eq!(
            found("_@grace_ **@ada**, ~~@alan~~ [@bell](https://x.example/@carl)"),
            "grace ada alan bell"
        );
        assert_eq!(found("> @grace\n\n- @ada\n\n# @alan"), "grace ada alan");
        assert_eq!(found("\\@grace x\\@ada *\\@alan*"), "");
        assert_eq!(found("\\\\@grace @snake_case_name"), "grace snake_case_name");
        assert_eq!(found("http://x/@grace https://x.example/?to=@grace www.x.example/@grace"), "");
        assert_eq!(found("<http://x/@grace> <x@grace.example> x@grace.example *x*@grace.example"), "");
        assert_eq!(found("<b>@grace</b> <a title=\"@ada\">"), "grace");
        assert_eq!(found("(@ada/@grace)"), "ada grace");
    }

    proptest! {
        /// For every text, each name is a possible username and occurs once.
        #[test]
        fn names_are_names(text in "[@`a-c._ é\n-]{0,60}|.*") {
            let names = names(&text);
            prop_assert!(names.iter().all(|name| NAME.contains(&name.len()) && name.chars().all(is_of_a_name)));
            prop_assert!((1..names.len()).all(|at| !names[..at].contains(&names[at])));
        }

        /// The time to parse a text grows only with its length, whatever it contains.
        #[test]
        fn long_texts_are_read(piece in "[@`_*\\[\\]()<>/.:a-c \n]{1,6}") {
            prop_assert!(names(&piece.repeat(500)).len() <= MOST);
        }
    }
}
