//! The documentation for users of the API. The commands of a page (blocks of `sh`) run in one bash
//! per page, against a new server with default settings. The outputs that the page shows after them
//! (blocks of `json`, `http` or `text`) must match, where `…` stands for any text. A `curl` with an
//! error response fails its page, unless the page shows that response. The pages of the problems
//! are generated from their table.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path, process::Stdio, time::Duration};

use taskhub::http::problem::{Code, FIELDS};
use taskhub_tests::{App, every_database};
use tempfile::TempDir;

use crate::{contract::reviewed, process::Served};

/// The address of the server in the pages.
const SERVER: &str = "127.0.0.1:8080";
/// The page that the other pages build on.
const FIRST: &str = "docs/quick-start.md";
/// The time limit per page.
const DEADLINE: Duration = Duration::from_mins(2);

macro_rules! pages {
    ($($name:ident = $path:literal,)*) => {
        /// All pages with commands.
        const PAGES: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $name() {
                let first = if $path == FIRST || $path == "README.md" { String::new() } else { read(FIRST) };
                let typed = typed(&first, &read($path));
                assert_eq!(typed, Ok(()), "{}", $path);
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
}

every_database!(problem_type_links_to_its_page);

#[test]
fn every_page_is_run_and_listed_in_the_index() {
    let pages =
        names("docs").into_iter().filter(|name| Path::new(name).extension().is_some_and(|end| end == "md"));
    let index = read("docs/README.md");
    for name in pages {
        let page = format!("docs/{name}");
        let is_read_only = blocks(&read(&page)).is_empty();
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

#[test]
fn failing_command_or_wrong_output_fails_the_page() {
    let fails = |page: &str| typed("", page).unwrap_err();
    assert!(fails("```sh\ntrue\nfalse\ntrue\n```\n").contains("line 1"));
    assert!(fails("```sh\nfalse | cat\n```\n").contains("line 1"));
    assert!(fails("```sh\necho $UNKNOWN\n```\n").contains("UNKNOWN"));
    let refused = "curl -s http://127.0.0.1:8080/api/v1/tasks";
    assert!(fails(&format!("text\n```sh\n{refused}\n```\n")).contains("line 2"));
    assert!(fails(&format!("```sh\nTASKS=$({refused} | cat)\necho $TASKS\n```\n")).contains("401"));
    let shown = "```json\n{…, \"status\": 401, \"code\": \"forbidden\", …}\n```\n";
    assert!(fails(&format!("```sh\n{refused}\n```\n\n{shown}")).contains("forbidden"));
    assert!(fails("```sh\necho one\n```\n```text\none two\n```\n").contains("one two"));
    assert!(fails("```sh\necho one two\n```\n```text\none\n```\n").contains("one two"));
    let shown = shown.replace("forbidden", "unauthenticated");
    let right = format!("1. one\n\n   ```sh\n   {refused}\n   ```\n\n   {}", shown.replace('\n', "\n   "));
    assert_eq!(typed("", &right), Ok(()));
}

#[test]
fn every_problem_code_has_a_page() {
    let mut list = "# Error codes\n\n[Errors](../errors.md) describes the format of error responses. These pages are generated \
                    from the tables in `crates/api/src/http/problem`.\n\n\
                    | code | status | title | retry |\n| --- | --- | --- | --- |\n"
        .to_owned();
    let mut names = BTreeSet::from(["README.md".to_owned()]);
    for code in Code::ALL {
        let (name, status) = (code.as_str(), code.status().as_u16());
        writeln!(list, "| [`{name}`]({name}.md) | {status} | {} | {:?} |", code.title(), code.again())
            .unwrap();
        reviewed(&format!("docs/errors/{name}.md"), &code.page());
        names.insert(format!("{name}.md"));
    }
    list += "\nThe column *retry* says when the same request can succeed: `Never`, `Now`, or `Later`, after the number of seconds in \
             `Retry-After`.\n\n## Codes of fields\n\nThe values of `errors[].code`:\n\n| code | meaning |\n| --- | --- |\n";
    for (code, meaning) in FIELDS {
        writeln!(list, "| `{code}` | {meaning} |").unwrap();
    }
    reviewed("docs/errors/README.md", &list);
    assert_eq!(self::names("docs/errors"), names, "a page of a code that there is not");
}

async fn problem_type_links_to_its_page(app: &App) {
    let refused = app.get("/tasks").send().await.expect(401);
    let page = app.get(refused.body["type"].as_str().unwrap()).send().await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src"));
    for code in Code::ALL {
        let page = app.get(&format!("/problems/{}", code.as_str())).send().await.expect(200);
        assert!(page.text.contains(&format!("<h1>{}</h1>", code.as_str())), "{}", page.text);
        assert!(page.text.contains("<h2>Can I retry?</h2>") && !page.text.contains('`'), "{}", page.text);
    }
    assert_eq!(app.get("/problems/made_up").send().await.expect(404).code(), "not_found");
}

/// The names of the files in a folder.
fn names(folder: &str) -> BTreeSet<String> {
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)).unwrap();
    folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// Commands, and the output that the page shows for them.
struct Block {
    line: usize,
    typed: String,
    shown: Option<String>,
}

impl Block {
    /// Whether the page shows an error response.
    fn is_refused(&self) -> bool {
        let shown = squeezed(self.shown.as_deref().unwrap_or_default());
        shown.contains("\"status\":4") || shown.contains("HTTP/1.14")
    }
}

/// The blocks of a page.
fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut follows = false;
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            follows &= line.trim().is_empty();
            continue;
        };
        let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
        let text = inside.collect::<Vec<_>>().join("\n");
        match found.last_mut() {
            _ if language == "sh" => found.push(Block { line: number + 1, typed: text, shown: None }),
            Some(last) if follows && matches!(language, "json" | "http" | "text") => last.shown = Some(text),
            _ => {}
        }
        follows = language == "sh";
    }
    found
}

/// Runs the commands of a page after those of another page, and compares the output with that
/// shown.
fn typed(first: &str, page: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let blocks: Vec<_> = blocks(first).into_iter().chain(blocks(page)).collect();
    runtime.block_on(async {
        let folder = TempDir::new().unwrap();
        let mut served = Served::start(folder.path(), &["--public-url", &format!("http://{SERVER}")]).await;
        let outcome = run(&blocks, served.url().trim_start_matches("http://")).await;
        served.kill().await;
        outcome
    })
}

async fn run(blocks: &[Block], server: &str) -> Result<(), String> {
    let folder = TempDir::new().unwrap();
    let mut script = format!(
        "set -euo pipefail\ncurl() {{ command curl --show-error --connect-to {SERVER}:{server} ${{REFUSED---fail-with-body}} \"$@\"; }}\n"
    );
    for (number, block) in blocks.iter().enumerate() {
        let refused = if block.is_refused() { "REFUSED=" } else { "unset REFUSED" };
        writeln!(script, "exec >out.{number}\n{refused}\n{}", block.typed).unwrap();
    }
    fs::write(folder.path().join("page.sh"), script).unwrap();
    let mut bash = tokio::process::Command::new("bash");
    bash.arg("page.sh").current_dir(folder.path()).env("HOME", folder.path());
    bash.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(DEADLINE, bash.output()).await;
    let ended = ended.map_err(|_| format!("the page took more than {DEADLINE:?}"))?.unwrap();
    let came =
        |number: usize| fs::read_to_string(folder.path().join(format!("out.{number}"))).unwrap_or_default();
    if !ended.status.success() {
        let last =
            (0..blocks.len()).rev().find(|number| folder.path().join(format!("out.{number}")).exists());
        let last = last.unwrap_or_default();
        let (line, said) = (blocks[last].line, String::from_utf8_lossy(&ended.stderr));
        return Err(format!(
            "the block at line {line} failed: {}\n{}\n{said}",
            blocks[last].typed,
            came(last)
        ));
    }
    for (number, block) in blocks.iter().enumerate() {
        let Some(shown) = &block.shown else { continue };
        if !is_like(&came(number), shown) {
            return Err(format!(
                "line {}: {}\nshows\n{shown}\nbut what came is\n{}",
                block.line,
                block.typed,
                came(number)
            ));
        }
    }
    Ok(())
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Whether a text matches the one shown, ignoring white space, where `…` matches any text.
fn is_like(text: &str, shown: &str) -> bool {
    let (text, shown) = (squeezed(text), squeezed(shown));
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
