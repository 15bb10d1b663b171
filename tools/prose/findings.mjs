// What textlint, cspell and remark-validate-links find in the sources.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { TextlintKernel } from "@textlint/kernel";
import markdownPlugin from "@textlint/textlint-plugin-markdown";
import { readConfigFile, resolveConfigFileImports, spellCheckDocument } from "cspell-lib";
import { remark } from "remark";
import validateLinks from "remark-validate-links";
import terminology from "textlint-rule-terminology";
import { engine } from "unified-engine";
import { sentenceSubject, sentenceWords } from "./sentences.mjs";
import { markdown, placeOf } from "./texts.mjs";

const HERE = import.meta.dirname;
const ROOT = path.resolve(HERE, "../..");
const PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
const DOCUMENT = "openapi/openapi.json";
const RUST = ["bench", "crates", "fuzz", "migration", "tests"];
const MAX_WORDS = 25;

const absolute = (file) => path.join(ROOT, file);
const oneLine = (text) => text.replace(/\s+/g, " ").trim();

/** The files in a folder and its subfolders that have an extension. */
function filesIn(folder, extension, except = []) {
    const skipped = new Set(["node_modules", "target", ...except]);
    return readdirSync(absolute(folder), { recursive: true })
        .filter((file) => file.endsWith(extension))
        .filter((file) => !file.split(path.sep).some((part) => skipped.has(part)))
        .map((file) => path.join(folder, file))
        .sort();
}

/** A text to check. `place(line)` is where a line stands: for the baseline, and for the reader. */
function fileSource(file) {
    const place = (line) => ({ place: file, shown: `${file}:${line}` });
    return { file, text: readFileSync(absolute(file), "utf8"), place };
}

function documentSource() {
    const text = markdown(JSON.parse(readFileSync(absolute(DOCUMENT), "utf8")));
    const lines = text.split("\n");
    const place = (line) => {
        const { pointer, places } = placeOf(lines, line);
        const place = `${DOCUMENT}#${pointer}`;
        return { place, shown: places > 1 ? `${place} (and ${places - 1} more)` : place };
    };
    return { file: `${DOCUMENT}.md`, text, place };
}

/** A range of a text in brackets, with up to three words of its paragraph before and after it. */
function around(text, [from, to]) {
    const before = text.slice(0, from).split(/\n\s*\n/).at(-1).split(/(?<=\s)/).slice(-3);
    const after = text.slice(to).split(/\n\s*\n/)[0].split(/(?=\s)/).slice(0, 3);
    return oneLine([...before, "[", text.slice(from, to), "]", ...after].join(""));
}

/** Sentences and terms. */
async function language(sources) {
    const terms = path.join(HERE, "terms.jsonc");
    const rules = [
        { ruleId: "sentence-words", rule: sentenceWords, options: { max: MAX_WORDS } },
        { ruleId: "sentence-subject", rule: sentenceSubject },
        {
            ruleId: "terminology",
            rule: terminology,
            options: { terms, defaultTerms: false, skip: [] },
        },
    ];
    const plugins = [{ pluginId: "markdown", plugin: markdownPlugin.default ?? markdownPlugin }];
    const kernel = new TextlintKernel();
    const found = [];
    for (const { file, text, place } of sources) {
        const options = { filePath: absolute(file), ext: ".md", plugins, rules };
        const { messages } = await kernel.lintText(text, options);
        for (const { ruleId: rule, message, line, range, fix } of messages) {
            const start = () => oneLine(text.slice(...range)).slice(0, 60).trim();
            const excerpt = fix ? around(text, fix.range) : start();
            const shown = `${oneLine(message)}: ${excerpt}`;
            found.push({ ...place(line), rule, text: excerpt, message: shown });
        }
    }
    return found;
}

/** Words that are in no dictionary. A word is reported once in a file. */
async function spelling(sources) {
    const config = await readConfigFile(path.join(HERE, "cspell.yml"));
    const settings = await resolveConfigFileImports(config);
    const found = [];
    for (const { file, text, place } of sources) {
        const source = { uri: pathToFileURL(absolute(file)).href, text };
        const result = await spellCheckDocument(source, { noConfigSearch: true }, settings);
        const errors = [...(result.errors ?? []), ...(result.configErrors ?? [])];
        if (errors.length) throw new AggregateError(errors, `cspell failed on ${file}.`);
        const firsts = new Map(result.issues.toReversed().map((issue) => [issue.text, issue]));
        for (const [word, { line }] of firsts) {
            const at = place(line.position.line + 1);
            found.push({ ...at, rule: "spelling", text: word, message: `Unknown word: ${word}` });
        }
    }
    return found;
}

/** Links to files and headings that do not exist. Web addresses are not requested. */
async function links(sources) {
    const files = sources.map(({ file }) => file);
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const checked = await new Promise((resolve, reject) => {
        const options = {
            processor: remark(),
            plugins: [[validateLinks, { repository: false, root: ROOT }]],
            cwd: ROOT,
            files,
            detectConfig: false,
            detectIgnore: false,
            output: false,
            out: false,
            reporter: (vfiles) => (resolve(vfiles), ""),
            streamError: silent,
            streamOut: silent,
        };
        engine(options, (error) => error && reject(error));
    });
    return sources.flatMap(({ file, place }) => {
        const messages = checked.find((vfile) => vfile.path === file).messages;
        return messages.map(({ line, reason }) => {
            const message = oneLine(reason);
            return { ...place(line), rule: "links", text: message, message };
        });
    });
}

/**
 * All findings: `place`, `rule` and `text` are for the baseline, `shown` (the place with its line)
 * and `message` for the reader.
 */
export async function findings() {
    const pages = PAGES.filter((file) => existsSync(absolute(file)));
    pages.push(...filesIn("docs", ".md", ["errors"])); // docs/errors is generated
    const pageSources = pages.map(fileSource);
    const texts = [...pageSources, documentSource()];
    const rust = RUST.flatMap((folder) => filesIn(folder, ".rs")).map(fileSource);
    return [
        ...(await language(texts)),
        ...(await spelling([...texts, ...rust])),
        ...(await links(pageSources)),
    ];
}
