//! The layers of the domain and of the API: a module imports from its own layer and from lower
//! ones. Within `work` and `insight` the modules form no cycle.
//!
//! Imports are read from the tokens of each source file. So imports in groups and macros count, and
//! those in comments and unit tests do not.

mod imports;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use imports::imports;

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
