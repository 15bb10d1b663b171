"""Creates a row of each resource type over HTTP, writes the ids as Schemathesis dictionaries, and
prints the token of the role.

prepare.py URL TOKENS ROLE FOLDER
"""

import datetime
import json
import pathlib
import sys
import time
import urllib.request

url, tokens, role, folder = sys.argv[1:]
users = json.loads(pathlib.Path(tokens).read_text())["tenants"][0]["users"]
token = {user["role"]: user["access_token"] for user in reversed(users)}


def call(path, body=None, kind="application/json"):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token['admin']}", "Content-Type": kind}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/{path}", data, headers)) as answer:
        return json.load(answer)


def ready():
    try:
        return urllib.request.urlopen(f"{url}/health/ready").status == 200
    except OSError:
        return False


deadline = time.monotonic() + 30
while not ready():
    if time.monotonic() > deadline:
        sys.exit("the server does not answer")
    time.sleep(0.1)

client = call("clients", {"name": "Quince"})["id"]
kind = call("request-types", {"name": "Squeak"})["id"]
call("requests", {"title": "A door that squeaks", "client_id": client, "type_id": kind})
team = call("teams", {"name": "Hinges"})["id"]
call(f"teams/{team}/members", {"user_id": users[1]["id"]})
call("labels", {"name": "Squeaky"})
call("service-accounts", {"name": "hinge", "scopes": ["tasks:read"]})
soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=30)
call("access-tokens", {"name": "mine", "scopes": ["tasks:read"], "expires_at": f"{soon:%FT%TZ}"})
call("invitations", {"email": "new@acme.example"})
project = call("projects", {"name": "Door of the quince"})["id"]
call(f"projects/{project}/milestones", {"name": "It hangs"})
document = call("documents", {"title": "Plan", "project_id": project})["id"]
first, second = (call("tasks", {"title": title, "project_id": project, "due_at": "2030-01-01T00:00:00Z"})["id"] for title in ("Saw", "Hang"))
call(f"tasks/{second}/dependencies", {"blocker_id": first})
call(f"tasks/{first}/comments", {"body": "Done?"})
call(f"tasks/{first}/reminders", {"before_due_minutes": 60})
call(f"tasks/{first}/time-entries", {"started_at": "2020-01-01T00:00:00Z", "minutes": 5})
call(f"tasks/{first}/attachments?name=plan.txt", b"A plan.", "application/octet-stream")

for name, path in {
    "users": "users", "teams": "teams", "members": f"teams/{team}/members", "labels": "labels", "clients": "clients",
    "kinds": "request-types", "requests": "requests", "services": "service-accounts", "invitations": "invitations",
    "projects": "projects", "milestones": f"projects/{project}/milestones", "tasks": "tasks",
    "dependencies": f"tasks/{second}/dependencies", "comments": f"tasks/{first}/comments", "watchers": f"tasks/{first}/watchers",
    "reminders": f"tasks/{first}/reminders", "entries": f"tasks/{first}/time-entries",
    "attachments": f"tasks/{first}/attachments", "documents": "documents", "versions": f"documents/{document}/versions",
}.items():
    ids = [row["id"] for row in call(path)["results"]]
    # Child rows belong to the first rows of their parents, so the first ids are used.
    pathlib.Path(folder, f"{name}.dict").write_text("".join(f'"{one}"\n' for one in ids[:3] if ids))
print(token[role])
