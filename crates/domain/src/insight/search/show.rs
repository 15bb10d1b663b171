//! The rank and the excerpt of a search result.
//!
//! Invariant: all text is escaped, so the result has no markup other than `<mark>`. This module
//! knows no rows and no database.

use crate::kernel::repository::tokenizer::{self, Wanted, spell, words};

/// The weight of a word in the title, and in the other text.
const TITLE: i64 = 8;
const BODY: i64 = 1;
/// The points of a whole word; the beginning of a word has one point.
const WHOLE: i64 = 2;
/// How often a word counts in a text. So no repetition in the text outweighs a word in the title.
const COUNTED: usize = 4;
/// The greatest length of an excerpt, and of its part before the first match, in characters.
const EXCERPT: usize = 160;
const BEFORE: usize = 40;

/// The rank of a row: higher is better.
pub(super) fn rank(title: &str, body: &str, wanted: &Wanted) -> i64 {
    TITLE * points(title, wanted) + BODY * points(body, wanted)
}

fn points(text: &str, wanted: &Wanted) -> i64 {
    let mut counted = [0; tokenizer::MOST];
    let mut points = 0;
    for (_, word) in words(text) {
        for (fit, times) in wanted.fits(&spell(word)).zip(&mut counted) {
            if let Some(whole) = fit.filter(|_| *times < COUNTED) {
                *times += 1;
                points += if whole { WHOLE } else { 1 };
            }
        }
    }
    points
}

/// A text as escaped HTML, with the matched words in `<mark>`.
pub(super) fn marked(text: &str, wanted: &Wanted) -> String {
    let mut html = String::with_capacity(text.len());
    let mut rest = 0;
    for (place, word) in words(text).filter(|(_, word)| wanted.has(word)) {
        escape(&mut html, text.get(rest..place.start).unwrap_or_default());
        html.push_str("<mark>");
        escape(&mut html, word);
        html.push_str("</mark>");
        rest = place.end;
    }
    escape(&mut html, text.get(rest..).unwrap_or_default());
    html
}

/// As [`marked`], for the part of a text around the first match, or for its beginning if there is
/// no match.
pub(super) fn excerpt(text: &str, wanted: &Wanted) -> String {
    let first = words(text).find(|(_, word)| wanted.has(word)).map_or(0, |(place, _)| place.start);
    let (before, _) = text.split_at_checked(first).unwrap_or_default();
    let far = before.char_indices().rev().nth(BEFORE);
    // Begins at the start of a word: a near one before the match, or the match itself.
    let start = far.map_or(0, |(far, _)| {
        let near = before.get(far..).unwrap_or_default();
        near.find(char::is_whitespace).map_or(first, |blank| far + blank)
    });
    let part = text.get(start..).unwrap_or_default();
    let end = part.char_indices().nth(EXCERPT).map_or(part.len(), |(end, _)| {
        let full = part.get(..end).unwrap_or_default();
        full.rfind(char::is_whitespace).filter(|blank| start + blank > first).unwrap_or(end)
    });
    let shown: Vec<_> = part.get(..end).unwrap_or_default().split_whitespace().collect();
    let marked = marked(&shown.join(" "), wanted);
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    format!("{}{marked}{}", cut(start > 0), cut(end < part.len()))
}

fn escape(html: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(text: &str) -> Wanted {
        Wanted::read("q", text).unwrap()
    }

    proptest! {
        /// For every text, the excerpt is short and has no markup other than the marks.
        #[test]
        fn excerpts_are_short_and_tame(text in "([\\PC\n]{0,20}(plants|<b>|&| )){0,30}") {
            let shown = excerpt(&text, &wanted("plant"));
            let bare = shown.replace("<mark>", "").replace("</mark>", "");
            prop_assert!(!bare.contains(['<', '>', '"', '\'', '\n']));
            let bare = ["&lt;", "&gt;", "&quot;", "&#39;"].iter().fold(bare, |bare, code| bare.replace(code, "x")).replace("&amp;", "&");
            prop_assert!(bare.chars().count() <= EXCERPT + 2, "{}", bare);
            let found = words(&text).any(|(_, word)| wanted("plant").has(word));
            prop_assert_eq!(found, shown.contains("<mark>"), "{}", shown);
        }
    }

    #[test]
    fn what_was_found_is_marked_and_all_else_is_text() {
        assert_eq!(
            marked("<script>Plants</script> & plant", &wanted("script plan")),
            "&lt;<mark>script</mark>&gt;<mark>Plants</mark>&lt;/<mark>script</mark>&gt; &amp; <mark>plant</mark>"
        );
        let text = format!("{} the plants {}", "before ".repeat(40), "after ".repeat(60));
        let shown = excerpt(&text, &wanted("plant"));
        assert!(shown.starts_with("…before ") && shown.ends_with(" after…"), "{shown}");
        assert_eq!(excerpt("Nothing  of\n\nthe kind", &wanted("plant")), "Nothing of the kind");
    }

    #[test]
    fn titles_and_whole_words_and_more_of_them_weigh_more() {
        let rank = |title: &str, body: &str| rank(title, body, &wanted("plant"));
        let order = [
            rank("plant", "plant plant"),
            rank("plant", "plant"),
            rank("plant", "plants"),
            rank("plant", ""),
            rank("plants", ""),
            rank("", "plant plant"),
            rank("", "plant"),
            rank("", "plants"),
        ];
        assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "{order:?}");
        assert!(rank("plants", "") >= rank("", &"plant ".repeat(100)));
    }
}
