//! Runs the commands of a page, and compares their output with the page.

use std::{fmt::Write, fs, process::Stdio, time::Duration};

use tempfile::TempDir;

use crate::process::Served;

/// The address of the server in the pages.
const SERVER: &str = "127.0.0.1:8080";

/// The time limit per page.
const DEADLINE: Duration = Duration::from_mins(2);

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

/// Commands, and the output that the page shows for them.
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

/// The blocks of a page.
pub(super) fn blocks(page: &str) -> Vec<Block> {
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
pub(super) fn typed(first: &str, page: &str) -> Result<(), String> {
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
