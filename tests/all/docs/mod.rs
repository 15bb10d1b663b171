//! The documentation for users of the API.
//!
//! The blocks of `sh`, of `js` and of `python` of a page are three programs. Each runs after the
//! blocks of the quick start in the same language, against a new server with default settings. The
//! outputs that the page shows after a block (blocks of `json`, `http` or `text`) must match, where
//! `…` stands for any text. A `curl` with an error response fails its page, unless the page shows
//! that response. A block that names a file (`js taskhub.js`) belongs to that file, which the
//! programs of the page can use. The pages of problems and permissions are generated.

mod permissions;
mod problems;
mod script;

use std::{collections::BTreeSet, fs, path::Path};

use script::{LANGUAGES, blocks, ran};

/// The page that the other pages build on.
const FIRST: &str = "docs/quick-start.md";

macro_rules! pages {
    ($($name:ident = $path:literal,)*) => {
        /// All pages with commands.
        const PAGES: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $name() {
                let first = if $path == FIRST || $path == "README.md" { String::new() } else { read(FIRST) };
                for language in &LANGUAGES {
                    let ran = ran(language, &first, &read($path));
                    assert_eq!(ran, Ok(()), "{} in {}", $path, language.name);
                }
            }
        )*
    };
}

pages! {
    the_readme = "README.md",
    the_quick_start = "docs/quick-start.md",
    the_tour = "docs/tour.md",
    authentication = "docs/authentication.md",
    tenancy = "docs/tenancy.md",
    errors = "docs/errors.md",
    lists = "docs/lists.md",
    changes = "docs/changes.md",
    following_changes = "docs/events.md",
    limits = "docs/limits.md",
    versions = "docs/api-versioning.md",
    web_app = "docs/guides/web-app.md",
    mobile_app = "docs/guides/mobile-app.md",
    service = "docs/guides/service.md",
}

#[test]
fn every_page_is_run_and_listed_in_the_index() {
    let guides = names("docs/guides").into_iter().map(|name| format!("guides/{name}"));
    let pages = names("docs").into_iter().chain(guides);
    let pages = pages.filter(|name| Path::new(name).extension().is_some_and(|end| end == "md"));
    let index = read("docs/README.md");
    for name in pages {
        let page = format!("docs/{name}");
        let is_read_only = LANGUAGES.iter().all(|language| blocks(language, &read(&page)).is_empty());
        assert!(is_read_only || PAGES.contains(&page.as_str()), "{page} is not run");
        assert!(
            name == "README.md" || index.contains(&format!("]({name})")),
            "docs/README.md does not lead to {name}"
        );
    }
}

#[test]
fn documented_defaults_match_the_settings() {
    let variables = taskhub::cli::variables();
    let mut compared = BTreeSet::new();
    for page in PAGES {
        for line in read(page).lines().filter(|line| line.starts_with('|')) {
            for (variable, default) in &variables {
                let Some(default) = default.as_ref().filter(|_| line.contains(&format!("`{variable}`")))
                else {
                    continue;
                };
                let told = line.split(['|', '`', ' ']).any(|word| word == default)
                    || line.contains(&format!("`{default}`"));
                assert!(told, "{page}: {variable} is {default} by default, and not: {line}");
                compared.insert(variable);
            }
        }
    }
    assert!(compared.len() > 20, "{compared:?}");
}

/// The names of the files in a folder.
fn names(folder: &str) -> BTreeSet<String> {
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)).unwrap();
    folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}
