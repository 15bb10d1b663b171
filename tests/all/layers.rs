//! The layers of the domain and of the API: a module imports from its own layer and from lower
//! ones. Within `work` and `insight` the modules form no cycle.
//!
//! Imports are read from the tokens of each source file. So imports in groups and macros count, and
//! those in comments and unit tests do not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The layers of a crate from the lowest to the highest. Each lists its modules at the root of the
/// crate.
type Layers = &'static [&'static str];

const DOMAIN: Layers = &["kernel", "identity", "work", "insight", "dependents fuzzing lib"];

const API: Layers = &[
    "background config http keys listener logs shutdown state",
    "v1",
    "openapi routes",
    "cli lib main preflight server",
];

/// The layers of the domain whose modules form no cycle.
const ACYCLIC: [&str; 2] = ["work", "insight"];

/// The imports of a source file from its crate: the first two names of each path.
struct Source {
    /// The path of the module from the root of the crate: `work`, `task`, `rule` for
    /// `work/task/rule.rs`.
    module: Vec<String>,
    imports: BTreeSet<Vec<String>>,
}

#[test]
fn modules_import_from_their_own_layer_and_lower_ones() {
    for (name, layers) in [("domain", DOMAIN), ("api", API)] {
        for Source { module, imports } in sources(name) {
            let upwards = |import: &&Vec<String>| layer(layers, &import[0]) > layer(layers, &module[0]);
            let wrong: Vec<_> = imports.iter().filter(upwards).collect();
            assert!(wrong.is_empty(), "{name}: {module:?} imports from a higher layer: {wrong:?}");
        }
    }
}

#[test]
fn modules_of_work_and_insight_form_no_cycle() {
    let mut graph = BTreeMap::<Vec<String>, BTreeSet<Vec<String>>>::new();
    for Source { module, imports } in sources("domain") {
        let [layer, of, ..] = &module[..] else { continue };
        if !ACYCLIC.contains(&layer.as_str()) {
            continue;
        }
        let own = [layer.clone(), of.clone()];
        let others = imports.into_iter().filter(|import| import[0] == *layer && import[..] != own);
        graph.entry(own.to_vec()).or_default().extend(others);
    }
    assert!(graph.len() > 20, "the modules were not found");
    // Removes modules without imports until none is left. The remaining modules contain a cycle.
    while let Some(end) = graph.iter().find(|(_, imports)| imports.is_empty()).map(|(end, _)| end.clone()) {
        graph.remove(&end);
        for imports in graph.values_mut() {
            let _ = imports.remove(&end);
        }
    }
    assert!(graph.is_empty(), "these modules, or modules that they import, form a cycle: {graph:#?}");
}

/// All source files of a crate.
fn sources(name: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name).join("src");
    let read = |file: PathBuf| {
        let module = module_path(file.strip_prefix(&root).unwrap());
        let imports = imports(&fs::read_to_string(&file).unwrap(), &module);
        Source { module, imports }
    };
    files(&root).into_iter().map(read).collect()
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

fn module_path(file: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        file.with_extension("").iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if names.len() > 1 && names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

/// The position of the layer of a module, from the lowest. Capitalised names that the root exports
/// belong to the lowest layer.
fn layer(layers: Layers, module: &str) -> usize {
    if module.starts_with(char::is_uppercase) {
        return 0;
    }
    let found = layers.iter().position(|modules| modules.split(' ').any(|name| name == module));
    found.unwrap_or_else(|| panic!("{module} is imported from the crate's root, and belongs to no layer"))
}

/// The first two names of each path in the file that leads to the root of the crate or to one of
/// its folders.
fn imports(text: &str, module: &[String]) -> BTreeSet<Vec<String>> {
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
