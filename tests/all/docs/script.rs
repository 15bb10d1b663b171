//! Runs the programs of a page, and compares their output with the page.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path, process::Stdio, time::Duration};

use tempfile::TempDir;

use super::read;
use crate::process::Served;

/// The address of the server in the pages.
const SERVER: &str = "127.0.0.1:8080";
/// The page with the module that the guide for mobile apps builds on.
const WEB_APP: &str = "docs/guides/web-app.md";
/// The time limit per program.
const DEADLINE: Duration = Duration::from_mins(2);
/// Ends the output of a block.
const END: char = '\u{1e}';

/// A language of the blocks.
pub(super) struct Language {
    pub(super) name: &'static str,
    program: &'static str,
    file: &'static str,
    /// The statement that writes [`END`].
    end: &'static str,
}

pub(super) const LANGUAGES: [Language; 3] = [
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
pub(super) struct Block {
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
pub(super) fn blocks(language: &Language, page: &str) -> Vec<Block> {
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
pub(super) fn ran(language: &Language, first: &str, page: &str) -> Result<(), String> {
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
