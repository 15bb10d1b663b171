// The summaries and descriptions of an OpenAPI document as Markdown. Equal texts appear once, below
// the JSON pointer of the first one. `node texts.mjs FILE` prints the Markdown.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Below these keys are values of the API, not texts about it.
const VALUES = new Set(["const", "default", "enum", "example", "value"]);
// The keys of these objects are names. A property can be called `description`.
const NAMED = new Set([
    "$defs",
    "examples",
    "headers",
    "links",
    "parameters",
    "properties",
    "responses",
    "schemas",
    "variables",
]);

const escape = (key) => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** A map of each text to the JSON pointers of its places. */
export function texts(document) {
    const found = new Map();
    const visit = (node, pointer, names) => {
        if (node === null || typeof node !== "object") return;
        for (const [key, value] of Object.entries(node)) {
            const place = `${pointer}/${escape(key)}`;
            if (names) {
                visit(value, place, false);
            } else if (typeof value === "string") {
                if (key !== "summary" && key !== "description") continue;
                found.set(value, [...(found.get(value) ?? []), place]);
            } else if (!VALUES.has(key) && !(key === "examples" && Array.isArray(value))) {
                visit(value, place, NAMED.has(key));
            }
        }
    };
    visit(document, "", false);
    return found;
}

/** The Markdown. A comment above each text has its JSON pointer and the number of its places. */
export function markdown(document) {
    return [...texts(document)]
        .map(([text, places]) => `<!-- ${places[0]} ${places.length} -->\n\n${text}\n`)
        .join("\n");
}

/** The JSON pointer above a line of the Markdown (counted from 1), and the number of its places. */
export function placeOf(lines, line) {
    for (let at = line - 1; at >= 0; at--) {
        const found = /^<!-- (\/\S+) (\d+) -->$/.exec(lines[at]);
        if (found) return { pointer: found[1], places: Number(found[2]) };
    }
    throw new Error(`Line ${line} has no JSON pointer above it.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    process.stdout.write(markdown(JSON.parse(readFileSync(process.argv[2], "utf8"))));
}
