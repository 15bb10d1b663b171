// Compares the findings with the baseline, or writes the baseline: see README.md.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findings } from "./findings.mjs";

const BASELINE = path.join(import.meta.dirname, "baseline");
const HEAD = "# Findings that are accepted for now: place, rule, text. See README.md.\n";

const lineOf = ({ place, rule, text }) => [place, rule, text].join("\t");

/** What identifies a line. JSON pointers do not: they change when a parameter is added. */
const keyOf = (line) => line.replace(/#\/[^\t]*/, "");

/** The lines that are not in the other list. Each line of the other list stands for one line. */
function without(lines, others) {
    const left = new Map();
    for (const key of others.map(keyOf)) left.set(key, (left.get(key) ?? 0) + 1);
    return lines.filter((line) => {
        const count = left.get(keyOf(line)) ?? 0;
        left.set(keyOf(line), count - 1);
        return count <= 0;
    });
}

function readBaseline() {
    const lines = readFileSync(BASELINE, "utf8").split("\n");
    return lines.filter((line) => line && !line.startsWith("#"));
}

function writeBaseline(lines) {
    writeFileSync(BASELINE, HEAD + lines.toSorted().map((line) => `${line}\n`).join(""));
}

const mode = process.argv[2] ?? "--check";
if (!["--check", "--prune", "--write"].includes(mode) || process.argv.length > 3) {
    console.error("usage: lint.sh [--prune | --write]");
    process.exit(2);
}
const write = mode === "--write";
const prune = mode === "--prune";

const found = await findings();
const lines = found.map(lineOf);
const accepted = readBaseline();
const fresh = without(lines, accepted);
const stale = without(accepted, lines);
if (write) writeBaseline(lines);
if (prune) writeBaseline(without(lines, fresh));

const messages = new Map(
    found.map((one) => [lineOf(one), `${one.shown}: ${one.rule}: ${one.message}`]),
);
for (const line of fresh) console.log(`${write ? "accepted" : "error"}: ${messages.get(line)}`);
for (const line of stale) {
    console.log(`${write || prune ? "removed" : "stale"}: ${line.replaceAll("\t", ": ")}`);
}
const known = lines.length - fresh.length;
console.log(`${fresh.length} new findings, ${stale.length} stale, ${known} in the baseline.`);
if (mode === "--check" && stale.length) {
    console.log("Remove stale lines from the baseline: tools/prose/lint.sh --prune");
}
process.exitCode = (fresh.length && !write) || (stale.length && mode === "--check") ? 1 : 0;
