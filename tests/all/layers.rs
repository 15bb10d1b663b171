//! The layers of the domain and of the API: a module imports from its own layer and from lower ones.
//!
//! Imports are read from the tokens of each source file, so that those in groups and in macros
//! count, and those in comments and unit tests do not. Violations that are known are listed in
//! `layers/allowed.txt`. A violation that is not listed fails, and so does a line that no longer
//! is one: the list can only shrink.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The layers of a crate from the lowest to the highest, each with its modules.
type Layers = &'static [(&'static str, &'static str)];

const DOMAIN: Layers = &[
    (
        "kernel",
        "audit context credential edit error event guess idempotency input instant list policy scopes store zone",
    ),
    (
        "identity",
        "access_token invitation link mail picture second_factor service_account session tenant user",
    ),
    (
        "work",
        "attachment client comment document file label priority project reminder request task team time_entry watcher",
    ),
    (
        "insight",
        "backup bulk dashboard feed notification offboarding permission report resources search tally",
    ),
    ("crate", "fuzzing lib relations"),
];

const API: Layers = &[
    (
        "http",
        "answer chart config edge entrance export extract fair_queue incidents keys link_requests listener \
         logs mail problem shutdown state streams",
    ),
    ("v1", "v1"),
    ("openapi", "document routes"),
    ("program", "alarms cli lib main outside server"),
];

#[test]
fn a_module_imports_from_its_own_layer_and_lower_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut violations = BTreeSet::new();
    for (name, layers) in [("domain", DOMAIN), ("api", API)] {
        let source = root.join("../crates").join(name).join("src");
        let lib = fs::read_to_string(source.join("lib.rs")).unwrap();
        for file in files(&source) {
            let path = file.strip_prefix(&source).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            let importer = layer(layers, &module_path(path)[0]);
            for import in imports(&text, &module_path(path)) {
                let import = home(&lib, import);
                if layer(layers, &import) > importer {
                    violations.insert(format!("{name}/{} -> {import}", path.display()));
                }
            }
        }
    }
    let list = fs::read_to_string(root.join("all/layers/allowed.txt")).unwrap();
    let allowed: BTreeSet<String> = list.lines().map(str::to_owned).collect();
    let new: Vec<_> = violations.difference(&allowed).collect();
    assert!(new.is_empty(), "a lower layer imports a higher one: {new:#?}");
    let gone: Vec<_> = allowed.difference(&violations).collect();
    assert!(gone.is_empty(), "no violation any more, take it out of layers/allowed.txt: {gone:#?}");
}

/// All Rust files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The names of the modules that a file is, from the root of its crate: of `task/rule.rs`, `task` and `rule`.
fn module_path(file: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        file.with_extension("").iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if names.len() > 1 && names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

/// The number of a module's layer, from the lowest.
fn layer(layers: Layers, module: &str) -> usize {
    let found = layers.iter().position(|(_, modules)| modules.split(' ').any(|name| name == module));
    found.unwrap_or_else(|| panic!("{module} belongs to no layer"))
}

/// The modules at the root of the crate that a file imports.
fn imports(text: &str, module: &[String]) -> BTreeSet<String> {
    let is_root = ["lib", "main"].contains(&module[0].as_str());
    let mut imports = BTreeSet::new();
    read(text.parse().unwrap(), if is_root { 0 } else { module.len() }, &mut imports);
    imports
}

/// Reads the paths that begin at the root of the crate, from a module so deep below it.
fn read(tokens: TokenStream, depth: usize, imports: &mut BTreeSet<String>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut rest = &tokens[..];
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            TokenTree::Ident(word) if word == "mod" && is_word(after.first(), "tests") => rest = &after[2..],
            TokenTree::Ident(word) if word == "crate" => imports.extend(names_below(after)),
            TokenTree::Ident(word) if word == "super" => {
                let mut supers = 1;
                while let Some(below) = below(rest).filter(|below| is_word(below.first(), "super")) {
                    (supers, rest) = (supers + 1, &below[1..]);
                }
                if supers == depth {
                    imports.extend(names_below(rest));
                }
            }
            TokenTree::Group(group) => read(group.stream(), depth, imports),
            _ => {}
        }
    }
}

fn is_word(token: Option<&TokenTree>, wanted: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(word)) if word == wanted)
}

/// What stands behind `::`.
fn below(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    tokens.split_at_checked(2).filter(|(colons, _)| colons.iter().all(is_colon)).map(|(_, below)| below)
}

/// The names that a path goes on with: one, or the first ones of the paths in a group.
fn names_below(tokens: &[TokenTree]) -> Vec<String> {
    match below(tokens).and_then(<[TokenTree]>::first) {
        Some(TokenTree::Ident(name)) => vec![name.to_string()],
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let tokens: Vec<_> = group.stream().into_iter().collect();
            let is_comma =
                |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
            let paths = tokens.split(is_comma);
            paths.filter_map(|path| path.first()).map(TokenTree::to_string).collect()
        }
        _ => Vec::new(),
    }
}

/// The module that a name at the root of a crate is, or is exported from (`pub use error::{Error, Result};`).
fn home(lib: &str, name: String) -> String {
    let exports = lib.lines().filter_map(|line| line.strip_prefix("pub use ")?.split_once("::"));
    let is_name = |part: &str| part == name;
    let mut homes = exports.filter(|(_, names)| names.split(|c: char| !c.is_alphanumeric()).any(is_name));
    homes.next().map(|(module, _)| module.to_owned()).unwrap_or(name)
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "
        //! Not crate::comment.
        use crate::{Error, first::{Inner, Other}, second};
        use super::{sibling, super::third};
        fn one() -> crate::fourth::Type { macro_rules!(super::super::fifth::call()) }
        mod tests { use crate::tested; }
    ";
    let found: Vec<_> = imports(text, &["top".to_owned(), "child".to_owned()]).into_iter().collect();
    assert_eq!(found, ["Error", "fifth", "first", "fourth", "second"]);
    assert_eq!(home("pub use error::{Error, Result};\n", "Error".to_owned()), "error");
}
