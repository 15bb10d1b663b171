//! Reads the imports of a source file.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The first two names of each path in the file that leads to the root of the crate or to one of
/// its folders.
pub(super) fn imports(text: &str, module: &[String]) -> BTreeSet<Vec<String>> {
    let is_root = ["lib", "main"].contains(&module[0].as_str());
    let mut imports = BTreeSet::new();
    read(text.parse().unwrap(), if is_root { &[] } else { module }, &mut imports);
    imports
}

fn read(tokens: TokenStream, module: &[String], imports: &mut BTreeSet<Vec<String>>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut rest = &tokens[..];
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            TokenTree::Ident(word) if word == "mod" && is_word(after.first(), "tests") => rest = &after[2..],
            TokenTree::Ident(word) if word == "crate" => imports.extend(paths(after, 2)),
            TokenTree::Ident(word) if word == "super" => {
                let mut levels = 1;
                while let Some(below) = below(rest).filter(|below| is_word(below.first(), "super")) {
                    (levels, rest) = (levels + 1, &below[1..]);
                }
                // In the body of a macro the path may refer to a module of the caller.
                if let Some(depth) = module.len().checked_sub(levels).filter(|depth| *depth < 2) {
                    let all = paths(rest, 2 - depth).into_iter();
                    imports.extend(all.map(|path| [&module[..depth], &path].concat()));
                }
            }
            TokenTree::Group(group) => read(group.stream(), module, imports),
            _ => {}
        }
    }
}

fn is_word(token: Option<&TokenTree>, wanted: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(word)) if word == wanted)
}

/// The tokens after `::`.
fn below(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    tokens.split_at_checked(2).filter(|(colons, _)| colons.iter().all(is_colon)).map(|(_, below)| below)
}

/// The first names of the paths that begin with `::` here, at most `most` names each.
fn paths(tokens: &[TokenTree], most: usize) -> Vec<Vec<String>> {
    let Some(below) = below(tokens).filter(|_| most > 0) else { return Vec::new() };
    let parts = match below.first() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let tokens: Vec<_> = group.stream().into_iter().collect();
            let is_comma =
                |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
            tokens.split(is_comma).map(<[_]>::to_vec).collect()
        }
        _ => vec![below.to_vec()],
    };
    let mut paths = Vec::new();
    for part in parts {
        let Some((TokenTree::Ident(name), rest)) = part.split_first() else { continue };
        let more = self::paths(rest, most - 1);
        paths.extend(more.iter().map(|more| [&[name.to_string()], &more[..]].concat()));
        if more.is_empty() {
            paths.push(vec![name.to_string()]);
        }
    }
    paths
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "
        //! Not crate::work::comment.
        use crate::{Error, work::{first::{Inner, Other}, second}};
        use super::{sibling, super::{super::third}};
        use super::super::other;
        fn one() -> crate::insight::fourth::Type { macro_rules!(super::super::super::kernel::fifth::call()) }
        mod tests { use crate::insight::tested; }
    ";
    let module = ["work", "task", "rule"].map(str::to_owned);
    let found: Vec<_> = imports(text, &module).into_iter().map(|path| path.join("::")).collect();
    let expected =
        ["Error", "insight::fourth", "kernel::fifth", "work::first", "work::other", "work::second"];
    assert_eq!(found, expected);
}
