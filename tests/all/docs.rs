//! The documentation for users of the API. The blocks of `sh`, of `js` and of `python` of a page are
//! three programs. Each runs after the blocks of the quick start in the same language, against a new
//! server with default settings. The outputs that the page shows after a block (blocks of `json`,
//! `http` or `text`) must match, where `…` stands for any text. A `curl` with an error response
//! fails its page, unless the page shows that response. A block that names a file (`js taskhub.js`)
//! belongs to that file, which the programs of the page can use. The pages of the problems are
//! generated from their table.

mod permissions;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
    process::Stdio,
    time::Duration,
};

use taskhub::http::problem::{Code, FIELDS};
use taskhub_tests::{App, every_database};
use tempfile::TempDir;

use crate::{contract::reviewed, process::Served};

/// The address of the server in the pages.
const SERVER: &str = "127.0.0.1:8080";
/// The page that the other pages build on.
const FIRST: &str = "docs/quick-start.md";
/// The page with the module that the guide for mobile apps builds on.
const WEB_APP: &str = "docs/guides/web-app.md";
/// The time limit per program.
const DEADLINE: Duration = Duration::from_mins(2);
/// Ends the output of a block.
const END: char = '\u{1e}';

/// A language of the blocks.
struct Language {
    name: &'static str,
    program: &'static str,
    file: &'static str,
    /// The statement that writes [`END`].
    end: &'static str,
}

const LANGUAGES: [Language; 3] = [
    Language { name: "sh", program: "bash", file: "page.sh", end: "printf '\\036'" },
    Language { name: "js", program: "node", file: "page.mjs", end: "console.log('\\x1e');" },
    Language { name: "python", program: "python3", file: "page.py", end: "print('\\x1e', flush=True)" },
];

/// Files that lead the requests of each language from the address in the pages to the server.
const REDIRECTS: [(&str, &str); 3] = [
    (
        "redirect.sh",
        "curl() { command curl --show-error --connect-to ADDRESS:SERVER ${REFUSED---fail-with-body} \"$@\"; }\n",
    ),
    (
        "redirect.mjs",
        "const sent = globalThis.fetch;\n\
         globalThis.fetch = (url, options) => sent(String(url).replace('ADDRESS', 'SERVER'), options);\n",
    ),
    (
        "sitecustomize.py",
        "import socket\n\
         connect = socket.create_connection\n\
         socket.create_connection = lambda address, *rest, **more: connect(\n    \
             tuple('SERVER'.split(':')) if '%s:%s' % address == 'ADDRESS' else address, *rest, **more)\n",
    ),
];

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

every_database!(problem_type_links_to_its_page);

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

#[test]
fn failing_command_or_wrong_output_fails_the_page() {
    let [sh, js, python] = &LANGUAGES;
    let fails = |page: &str| ran(sh, "", page).unwrap_err();
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
    assert_eq!(ran(sh, "", &right), Ok(()));
    let thrown = "```js\nconst one = 1;\n```\n```js\nthrow new Error('two');\n```\n";
    assert!(ran(js, "", thrown).unwrap_err().contains("line 4"));
    let shown = "```python\nprint(1)\n```\n```text\n2\n```\n";
    assert!(ran(python, "", shown).unwrap_err().contains("what came is"));
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

/// A fenced block of a page.
struct Fence<'a> {
    line: usize,
    /// The language, and the file that the block belongs to.
    language: &'a str,
    file: Option<&'a str>,
    text: String,
    /// Whether only white space is between it and the last block.
    follows: bool,
}

fn fences(page: &str) -> Vec<Fence<'_>> {
    let mut found = Vec::new();
    let mut follows = false;
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```") else {
            follows &= line.trim().is_empty();
            continue;
        };
        let (language, file) = info.split_once(' ').map_or((info, None), |(name, file)| (name, Some(file)));
        let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
        let text = inside.collect::<Vec<_>>().join("\n");
        found.push(Fence { line: number + 1, language, file, text, follows });
        follows = true;
    }
    found
}

/// A part of a program, and the output that the page shows for it.
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

/// The blocks of a page in a language.
fn blocks(language: &Language, page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut is_last = false;
    for fence in fences(page) {
        let is_output = matches!(fence.language, "json" | "http" | "text");
        if let Some(last) = found.last_mut()
            && is_last
            && fence.follows
            && is_output
        {
            last.shown = Some(fence.text.clone());
        }
        is_last = fence.language == language.name && fence.file.is_none();
        if is_last {
            found.push(Block { line: fence.line, typed: fence.text, shown: None });
        }
    }
    found
}

/// Writes the files that the blocks of a page belong to.
fn write_files(folder: &Path, page: &str) {
    let mut files = BTreeMap::<_, String>::new();
    for fence in fences(page) {
        if let Some(file) = fence.file {
            *files.entry(file.to_owned()).or_default() += &(fence.text + "\n");
        }
    }
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
}

/// Runs the blocks of a page after those of another page, and compares the output with that shown.
fn ran(language: &Language, first: &str, page: &str) -> Result<(), String> {
    if blocks(language, page).is_empty() {
        return Ok(());
    }
    let blocks: Vec<_> = blocks(language, first).into_iter().chain(blocks(language, page)).collect();
    let folder = TempDir::new().unwrap();
    write_files(folder.path(), &read(WEB_APP));
    write_files(folder.path(), page);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let data = TempDir::new().unwrap();
        let mut served = Served::start(data.path(), &["--public-url", &format!("http://{SERVER}")]).await;
        let outcome = run(language, &blocks, folder.path(), served.url().trim_start_matches("http://")).await;
        served.kill().await;
        outcome
    })
}

async fn run(language: &Language, blocks: &[Block], folder: &Path, server: &str) -> Result<(), String> {
    for (name, text) in REDIRECTS {
        fs::write(folder.join(name), text.replace("ADDRESS", SERVER).replace("SERVER", server)).unwrap();
    }
    let mut program = String::new();
    if language.name == "sh" {
        program += "set -euo pipefail\n. ./redirect.sh\n";
    }
    for block in blocks {
        if language.name == "sh" {
            program += if block.is_refused() { "REFUSED=\n" } else { "unset REFUSED\n" };
        }
        writeln!(program, "{}\n{}", block.typed, language.end).unwrap();
    }
    fs::write(folder.join(language.file), program).unwrap();
    let mut command = tokio::process::Command::new(language.program);
    command.arg(language.file).current_dir(folder).env("HOME", folder).env("PYTHONPATH", folder);
    command.env("NODE_OPTIONS", format!("--import={}", folder.join("redirect.mjs").display()));
    command.stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(DEADLINE, command.output()).await;
    let ended = ended.map_err(|_| format!("the page took more than {DEADLINE:?}"))?.unwrap();
    let written = String::from_utf8_lossy(&ended.stdout);
    let mut outputs = written.split(END);
    for block in blocks {
        let output = outputs.next().unwrap_or_default();
        let (line, typed) = (block.line, &block.typed);
        if outputs.clone().next().is_none() {
            let said = String::from_utf8_lossy(&ended.stderr);
            return Err(format!("the block at line {line} failed: {typed}\n{output}\n{said}"));
        }
        if let Some(shown) = &block.shown
            && !is_like(output, shown)
        {
            return Err(format!("line {line}: {typed}\nshows\n{shown}\nbut what came is\n{output}"));
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
