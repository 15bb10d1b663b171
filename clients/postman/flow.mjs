// A flow through the API that can be run: each step is an operation of the document, and looks at its answer.

const status = (code) => `pm.test("${code}", () => pm.response.to.have.status(${code}));`;
const problem = (code, word) => [
  status(code),
  `pm.test("${word}", () => pm.expect(pm.response.json().code).to.eql("${word}"));`,
];
const keep = (name, value) => `pm.environment.set("${name}", ${value});`;

/** Registering an organisation and signing in. */
const organisation = (name) => [
  {
    name: `Register ${name}`,
    id: "register_account",
    before: [keep("tenant", 'pm.variables.replaceIn("{{$guid}}")'), keep("email", '`ada@${pm.environment.get("tenant")}.example`')],
    body: {
      organisation: { name, slug: "{{tenant}}" },
      user: { email: "{{email}}", username: "ada", password: "{{password}}" },
    },
    after: [status(201)],
  },
  {
    name: `Sign in to ${name}`,
    id: "create_token",
    body: { email: "{{email}}", password: "{{password}}", tenant: "{{tenant}}" },
    after: [status(200), keep("token", "pm.response.json().access_token")],
  },
];

const firstTask = {
  id: "create_task",
  headers: { "Idempotency-Key": "release-notes" },
  body: { title: "Write the release notes", project_id: "{{project_id}}", priority: "high" },
};
const start = { id: "update_task", headers: { "If-Match": "{{etag}}" }, body: { status: "in_progress" } };
const page = {
  id: "list_tasks",
  query: { project: "{{project_id}}", sort: "title", page_size: "1", cursor: "{{cursor}}" },
};
const title = (text) => `pm.test("${text}", () => pm.expect(pm.response.json().results[0].title).to.eql("${text}"));`;

const steps = [
  ...organisation("Acme"),
  {
    name: "Create a project",
    id: "create_project",
    body: { name: "Website" },
    after: [status(201), keep("project_id", "pm.response.json().id")],
  },
  {
    ...firstTask,
    name: "Create a task in it",
    after: [status(201), keep("task_id", "pm.response.json().id")],
  },
  {
    ...firstTask,
    name: "Create it again by the same key",
    after: [
      status(201),
      'pm.test("the first answer", () => pm.response.to.have.header("Idempotency-Replayed", "true"));',
      'pm.test("the same task", () => pm.expect(pm.response.json().id).to.eql(pm.environment.get("task_id")));',
    ],
  },
  {
    name: "Read it",
    id: "get_task",
    after: [status(200), keep("etag", 'pm.response.headers.get("ETag")')],
  },
  {
    ...start,
    name: "Start it, as it was read",
    after: [status(200), 'pm.test("begun", () => pm.expect(pm.response.json().status).to.eql("in_progress"));'],
  },
  { ...start, name: "Start it too late", after: problem(412, "stale") },
  {
    name: "Create another",
    id: "create_task",
    body: { title: "Announce it", project_id: "{{project_id}}" },
    after: [status(201)],
  },
  {
    ...page,
    name: "List tasks: the first page",
    before: [keep("cursor", '""')],
    after: [
      status(200),
      title("Announce it"),
      keep("cursor", 'decodeURIComponent(pm.response.json().next.match(/[?&]cursor=([^&]*)/)[1])'),
    ],
  },
  {
    ...page,
    name: "List tasks: the last page",
    after: [
      status(200),
      title("Write the release notes"),
      'pm.test("the last", () => pm.expect(pm.response.json().next).to.be.null);',
    ],
  },
  {
    name: "Begin to follow what is changed",
    id: "get_changes",
    after: [status(200), keep("since", "pm.response.json().next")],
  },
  {
    name: "Ask whether a task could be made",
    id: "create_task",
    headers: { Prefer: "validate-only" },
    body: { title: "Only asked" },
    after: [
      status(201),
      'pm.test("nothing was changed", () => pm.response.to.have.header("Preference-Applied", "validate-only"));',
    ],
  },
  {
    name: "Change much at once, with mistakes",
    id: "change_tasks",
    body: { operations: ["Draft", "No", "No"].map((title) => ({ action: "create", body: { title } })) },
    after: [
      ...problem(422, "invalid"),
      'pm.test("all of them are told", () => pm.expect(pm.response.json().errors.map((one) => one.pointer)).to.eql(["/operations/1/body/title", "/operations/2/body/title"]));',
    ],
  },
  {
    name: "Change much at once",
    id: "change_tasks",
    body: {
      operations: [
        { action: "create", body: { title: "Draft" } },
        { action: "update", id: "{{task_id}}", version: 2, body: { priority: "low" } },
      ],
    },
    after: [status(200)],
  },
  {
    name: "See what was changed",
    id: "get_changes",
    query: { since: "{{since}}", noun: "task" },
    after: [
      status(200),
      'pm.test("in order", () => pm.expect(pm.response.json().results.map((one) => one.action)).to.eql(["create", "update"]));',
    ],
  },
  {
    name: "Attach a file",
    id: "create_task_attachment",
    query: { name: "notes.md" },
    raw: "# Release notes\n",
    after: [status(201), keep("attachment_id", "pm.response.json().id")],
  },
  {
    name: "Download it",
    id: "get_task_attachment_content",
    after: [status(200), 'pm.test("the file", () => pm.expect(pm.response.text()).to.eql("# Release notes\\n"));'],
  },
  { name: "Complete the task", id: "complete_task", after: [status(200)] },
  { name: "Sign out", id: "end_session", after: [status(204)] },
  { name: "Signed out is signed out", id: "get_profile", after: problem(401, "unauthenticated") },
  ...organisation("Other"),
  { name: "Another organisation sees nothing", id: "get_task", after: problem(404, "not_found") },
];

/** The folder of the flow. */
export function flow(byId, request) {
  const event = (listen, exec) => ({ listen, script: { type: "text/javascript", exec } });
  const item = steps.map(({ name, id, query, headers, body, raw, before, after }) => {
    const sent = request(byId(id));
    const given = (all, values) =>
      Object.entries(values ?? {}).map(([key, value]) => {
        if (!all?.some((one) => one.key === key)) throw new Error(`${id} has no parameter ${key}`);
        return { key, value };
      });
    const kind = sent.header.filter(({ key }) => key === "Content-Type");
    sent.header = [...kind, ...given(sent.header, headers)];
    if (sent.url.query) {
      sent.url.query = given(sent.url.query, query);
      const text = sent.url.query.map(({ key, value }) => `${key}=${value}`).join("&");
      sent.url.raw = sent.url.raw.split("?")[0] + (text && `?${text}`);
    }
    if (body) sent.body.raw = JSON.stringify(body, null, 2);
    if (raw) sent.body = { mode: "raw", raw };
    return { name, event: [...(before ? [event("prerequest", before)] : []), event("test", after)], request: sent, response: [] };
  });
  return { name: "A flow", description: "From registering to signing out: run it from the top.", item };
}
