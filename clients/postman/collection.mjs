// Makes Postman's collection and environment, into a folder, from the document on the standard input. The same document
// gives the same files: nothing in them is drawn at random.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { flow } from "./flow.mjs";

const document = JSON.parse(await text(process.stdin));
const METHODS = ["get", "post", "put", "patch", "delete"];

/** The operations, in the document's order. */
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method] })),
);

/** Where a reference leads. */
function resolve(schema) {
  if (!schema.$ref) return schema;
  return schema.$ref.slice(2).split("/").reduce((value, step) => value[step], document);
}

/** A value that a schema takes: the example if there is one. */
function sample(given) {
  const schema = resolve(given);
  const known = [given.example, given.examples?.[0], schema.example, schema.examples?.[0], schema.default, schema.const, schema.enum?.[0]];
  const example = known.find((value) => value !== undefined);
  if (example !== undefined) return example;
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(sample));
  const some = schema.oneOf?.find(({ type }) => type !== "null");
  if (some) return sample(some);
  switch ([schema.type].flat()[0]) {
    case "object": {
      // What must be there, and what there is an example of.
      const shown = ([name, property]) => schema.required?.includes(name) || "example" in property;
      const fields = Object.entries(schema.properties ?? {}).filter(shown);
      return Object.fromEntries(fields.map(([name, property]) => [name, sample(property)]));
    }
    case "array":
      return schema.minItems ? [sample(schema.items)] : [];
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return false;
    default:
      return { uuid: "00000000-0000-7000-8000-000000000000", "date-time": "2027-01-31T12:00:00Z" }[schema.format] ?? "";
  }
}

/** The variable with an id that stands in a path: of the task in `/tasks/{id}`. */
function variable(path, name) {
  if (name !== "id") return name;
  const steps = path.split("/").slice(0, path.split("/").indexOf("{id}"));
  const noun = steps.pop().replace(/s$/, "").replaceAll("-", "_");
  return `${noun === "deleted" ? "task" : noun}_id`;
}

/** How a body is sent. */
function body(operation) {
  const content = operation.requestBody?.content;
  if (!content) return {};
  const kind = "application/json" in content ? "application/json" : Object.keys(content)[0];
  if (kind !== "application/json") return { kind, body: { mode: "file", file: {} } };
  const { example, examples, schema } = content[kind];
  const value = example ?? (examples ? Object.values(examples)[0].value : sample(schema));
  return { kind, body: { mode: "raw", raw: JSON.stringify(value, null, 2), options: { raw: { language: "json" } } } };
}

/** The request of an operation. */
function request(operation) {
  const of = (place) => (operation.parameters ?? []).filter((parameter) => parameter.in === place);
  const pair = ({ name, description, required, schema }) => ({
    key: name,
    value: required ? String(sample(schema)) : "",
    description,
    ...(required ? {} : { disabled: true }),
  });
  const { kind, ...sent } = body(operation);
  const path = operation.path.slice(1).split("/").map((step) => step.replace(/^\{(.*)\}$/, ":$1"));
  const query = of("query").map(pair);
  const asked = query.filter(({ disabled }) => !disabled).map(({ key, value }) => `${key}=${encodeURIComponent(value)}`);
  const variables = of("path").map(({ name, description }) => ({
    key: name,
    value: `{{${variable(operation.path, name)}}}`,
    description,
  }));
  return {
    method: operation.method.toUpperCase(),
    description: operation.description ?? operation.summary,
    ...(operation.security.some((one) => "token" in one) ? {} : { auth: { type: "noauth" } }),
    header: [...(kind ? [{ key: "Content-Type", value: kind }] : []), ...of("header").map(pair)],
    ...sent,
    url: {
      raw: `{{base_url}}/${path.join("/")}${asked.length ? `?${asked.join("&")}` : ""}`,
      host: ["{{base_url}}"],
      path,
      ...(query.length ? { query } : {}),
      ...(variables.length ? { variable: variables } : {}),
    },
  };
}

const folders = document.tags.map(({ name, description }) => ({
  name,
  description,
  item: operations
    .filter(({ tags }) => tags.includes(name))
    .map((operation) => ({ name: operation.summary, request: request(operation), response: [] })),
}));

const byId = (id) => {
  const operation = operations.find(({ operationId }) => operationId === id);
  if (!operation) throw new Error(`The document has no operation ${id}`);
  return operation;
};

const collection = {
  info: {
    _postman_id: "7461736b-6875-4062-8000-636f6c6c6563",
    name: document.info.title,
    description: `${document.info.description}\n\nThe folder "A flow" can be run as it stands: it registers an organisation and works in it.`,
    schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
  },
  auth: { type: "bearer", bearer: [{ key: "token", value: "{{token}}", type: "string" }] },
  item: [flow(byId, request), ...folders],
};

const environment = {
  id: "7461736b-6875-4062-8000-656e7669726f",
  name: document.info.title,
  values: [
    { key: "base_url", value: "http://127.0.0.1:8080", type: "default", enabled: true },
    { key: "email", value: "", type: "default", enabled: true },
    { key: "password", value: "wide-green-rivers", type: "secret", enabled: true },
    { key: "tenant", value: "", type: "default", enabled: true },
    { key: "token", value: "", type: "secret", enabled: true },
  ],
  _postman_variable_scope: "environment",
};

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
for (const [name, content] of Object.entries({ collection, environment })) {
  writeFileSync(join(folder, `taskhub.postman_${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
}
