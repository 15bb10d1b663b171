// An organisation plans its work with a client that is generated from TaskHub's OpenAPI document.
//
// TASKHUB_URL=http://127.0.0.1:8080 node built/story.js

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import createClient, { type Middleware } from "openapi-fetch";

import type { components, paths } from "./generated/api.js";

type Problem = components["schemas"]["Problem"];
type Task = components["schemas"]["Task"];

const baseUrl = process.env["TASKHUB_URL"] ?? "http://127.0.0.1:8080";

/** What a call answers: an openapi-fetch client's results fit. */
type Answer<Data> = { data?: Data; error?: Problem; response: Response };

/** A problem (RFC 9457), as an error to throw. */
class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail ?? problem.title}`);
  }
}

/** What came, or the problem as an error. */
async function take<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error } = await call;
  if (error) throw new ProblemError(error);
  return data as Data;
}

/** The problem that a call must meet. */
async function refused(call: Promise<Answer<unknown>>): Promise<Problem> {
  const { error, response } = await call;
  assert(error, `${response.url} answered ${response.status}`);
  return error;
}

/** A client without a credential. */
const stranger = createClient<paths>({ baseUrl });

/** A client that signs its requests with a token. */
function clientWith(token: string) {
  const authorise: Middleware = {
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${token}`);
    },
  };
  const client = createClient<paths>({ baseUrl });
  client.use(authorise);
  return client;
}

/** Registers an organisation, and signs its admin in. */
async function organisation(name: string) {
  const slug = randomUUID();
  const account = { email: `ada@${slug}.example`, username: "ada", password: "wide-green-rivers" };
  const { tenant, user } = await take(
    stranger.POST("/api/v1/auth/register", { body: { organisation: { name, slug }, user: account } }),
  );
  assert.equal(tenant.name, name);
  assert.equal(user.role, "admin");
  const { email, password } = account;
  const tokens = await take(stranger.POST("/api/v1/auth/token", { body: { email, password, tenant: slug } }));
  return clientWith(tokens.access_token);
}

const acme = await organisation("Acme");

// A project with a task. A request repeated with the same idempotency key has no second effect.
const project = await take(acme.POST("/api/v1/projects", { body: { name: "Website" } }));
const makeTask = () =>
  acme.POST("/api/v1/tasks", {
    params: { header: { "Idempotency-Key": "release-notes" } },
    body: { title: "Write the release notes", project_id: project.id, priority: "high" },
  });
const task: Task = await take(makeTask());
const again = await makeTask();
assert.equal(again.data?.id, task.id);
assert.equal(again.response.headers.get("Idempotency-Replayed"), "true");

// An update names the version that was read. A stale version gets 412.
const path = { id: task.id };
const read = await acme.GET("/api/v1/tasks/{id}", { params: { path } });
const etag = read.response.headers.get("ETag");
assert(etag);
const start = () =>
  acme.PATCH("/api/v1/tasks/{id}", { params: { path, header: { "If-Match": etag } }, body: { status: "in_progress" } });
const started = await take(start());
assert.equal(started.status, "in_progress");
assert.equal(started.version, task.version + 1);
const late = await refused(start());
assert.deepEqual([late.status, late.code], [412, "stale"]);

// Invalid input is reported field by field.
const wrong = await refused(acme.POST("/api/v1/tasks", { body: { title: "No" } }));
assert.deepEqual([wrong.code, wrong.errors?.[0]?.pointer], ["invalid", "/title"]);

// A dry run gets the response of the committed request and changes nothing.
const since = (await take(acme.GET("/api/v1/changes"))).next;
const asked = await acme.POST("/api/v1/tasks", {
  params: { header: { Prefer: "validate-only" } },
  body: { title: "Only asked" },
});
assert.equal(asked.response.status, 201);
assert.equal(asked.response.headers.get("Preference-Applied"), "validate-only");

// A bulk request is atomic. Every invalid operation is reported with its position.
type Operation = components["schemas"]["TaskBulkOperation"];
const bulk = (operations: Operation[]) => acme.POST("/api/v1/tasks/bulk", { body: { operations } });
const draft = (title: string): Operation => ({ action: "create", body: { title } });
const several = await refused(bulk([draft("Draft"), draft("No"), draft("No")]));
assert.deepEqual(
  several.errors?.map(({ pointer }) => pointer),
  ["/operations/1/body/title", "/operations/2/body/title"],
);
const made = (await take(bulk([draft("Draft")]))).results[0]?.id;
assert(made);
const { results } = await take(
  bulk([
    { action: "update", id: made, version: 1, body: { title: "Second draft" } },
    { action: "delete", id: made, version: 2 },
  ]),
);
assert.equal(results.length, 2);

// The changes since then, in order.
const feed = await take(acme.GET("/api/v1/changes", { params: { query: { since, noun: "task" } } }));
assert.deepEqual(
  feed.results.map(({ action }) => action),
  ["create", "update", "delete"],
);

// A list of any length, page by page with a cursor.
for (const title of ["Draw the logo", "Choose the colours", "Test the forms", "Announce it"]) {
  await take(acme.POST("/api/v1/tasks", { body: { title, project_id: project.id } }));
}
const titles: string[] = [];
let pages = 0;
for (let cursor: string | null = ""; cursor !== null; pages += 1) {
  const query = { project: project.id, sort: "title", page_size: 2, cursor };
  const page: components["schemas"]["TaskList"] = await take(acme.GET("/api/v1/tasks", { params: { query } }));
  titles.push(...page.results.map(({ title }) => title));
  cursor = page.next && new URL(page.next).searchParams.get("cursor");
}
assert.equal(pages, 3);
assert.deepEqual(titles, [
  "Announce it",
  "Choose the colours",
  "Draw the logo",
  "Test the forms",
  "Write the release notes",
]);

// A file is uploaded and downloaded.
const notes = new Blob(["# Release notes\n"], { type: "application/octet-stream" });
const attachment = await take(
  acme.POST("/api/v1/tasks/{id}/attachments", {
    params: { path, query: { name: "notes.md" } },
    headers: { "Content-Type": notes.type },
    body: notes,
    bodySerializer: (body) => body,
  }),
);
assert.deepEqual([attachment.name, attachment.size], ["notes.md", notes.size]);
const file = await take(
  acme.GET("/api/v1/tasks/{id}/attachments/{attachment_id}/content", {
    params: { path: { ...path, attachment_id: attachment.id } },
    parseAs: "blob",
  }),
);
assert.equal(await file.text(), await notes.text());

// For another organisation none of these rows exist.
const other = await organisation("Other");
const hidden = await refused(other.GET("/api/v1/tasks/{id}", { params: { path } }));
assert.deepEqual([hidden.status, hidden.code], [404, "not_found"]);

// Signing out takes effect at once.
await take(acme.POST("/api/v1/auth/logout"));
const gone = await refused(acme.GET("/api/v1/auth/profile"));
assert.equal(gone.status, 401);

console.log(`TypeScript: ${titles.length} tasks on ${pages} pages, and all as it should be`);
