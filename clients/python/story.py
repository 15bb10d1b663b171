"""An organisation plans its work with a client that is generated from TaskHub's OpenAPI document.

TASKHUB_URL=http://127.0.0.1:8080 python story.py
"""

import os
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import TypeVar, cast
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from taskhub_client import AuthenticatedClient, Client
from taskhub_client.api.attachments import create_task_attachment, get_task_attachment_content
from taskhub_client.api.auth import create_token, end_session, get_profile, register_account
from taskhub_client.api.changes import get_changes
from taskhub_client.api.projects import create_project
from taskhub_client.api.tasks import change_tasks, create_task, get_task, list_tasks, update_task
from taskhub_client.models import (
    Account,
    Attachment,
    FeedPage,
    NewTenant,
    Priority,
    Problem,
    Project,
    ProjectInput,
    Registered,
    Registration,
    Role,
    Task,
    TaskBulkCreate,
    TaskBulkDelete,
    TaskBulkInput,
    TaskBulkResult,
    TaskBulkUpdate,
    TaskInput,
    TaskList,
    TaskPatch,
    TaskStatus,
    TokenPair,
    TokenRequest,
)
from taskhub_client.types import File, Response

T = TypeVar("T")

URL = os.environ.get("TASKHUB_URL", "http://127.0.0.1:8080")


@dataclass
class ProblemError(Exception):
    """A problem (RFC 9457), as an exception."""

    problem: Problem

    def __str__(self) -> str:
        return f"{self.problem.status} {self.problem.code}: {self.problem.detail or self.problem.title}"


def take(kind: type[T], parsed: object) -> T:
    """Returns the response; raises a problem as an exception."""
    if isinstance(parsed, Problem):
        raise ProblemError(parsed)
    assert isinstance(parsed, kind), parsed
    return parsed


def refused(parsed: object) -> Problem:
    """Returns the problem; fails if the call succeeded."""
    assert isinstance(parsed, Problem), parsed
    return parsed


def organisation(name: str) -> AuthenticatedClient:
    """Registers an organisation and signs in as its admin."""
    stranger = Client(base_url=URL, raise_on_unexpected_status=True)
    slug = str(uuid4())
    account = Account(email=f"ada@{slug}.example", username="ada", password="wide-green-rivers")
    registration = Registration(organisation=NewTenant(name=name, slug=slug), user=account)
    registered = take(Registered, register_account.sync(client=stranger, body=registration))
    assert registered.tenant.name == name
    assert registered.user.role is Role.ADMIN
    request = TokenRequest(email=account.email, password=account.password, tenant=slug)
    # The generated types require the optional credentials of a service account.
    anybody = cast(AuthenticatedClient, stranger)
    tokens = take(TokenPair, create_token.sync(client=anybody, body=request))
    return AuthenticatedClient(base_url=URL, token=tokens.access_token, raise_on_unexpected_status=True)


acme = organisation("Acme")

# A project with a task. A request repeated with the same idempotency key has no second effect.
project = take(Project, create_project.sync(client=acme, body=ProjectInput(name="Website")))


def make_task() -> Response[Problem | Task]:
    body = TaskInput(title="Write the release notes", project_id=project.id, priority=Priority.HIGH)
    return create_task.sync_detailed(client=acme, body=body, idempotency_key="release-notes")


task = take(Task, make_task().parsed)
again = make_task()
assert take(Task, again.parsed).id == task.id
assert again.headers["Idempotency-Replayed"] == "true"

# An update names the version that was read. A stale version gets 412.
etag = get_task.sync_detailed(task.id, client=acme).headers["ETag"]
change = TaskPatch(status=TaskStatus.IN_PROGRESS)
started = take(Task, update_task.sync(task.id, client=acme, body=change, if_match=etag))
assert started.status is TaskStatus.IN_PROGRESS
assert started.version == task.version + 1
late = refused(update_task.sync(task.id, client=acme, body=change, if_match=etag))
assert (late.status, late.code) == (412, "stale")

# Invalid input is reported field by field.
wrong = refused(create_task.sync(client=acme, body=TaskInput(title="No")))
assert wrong.code == "invalid"
assert wrong.errors and wrong.errors[0].pointer == "/title"

# A dry run gets the response of the committed request and changes nothing.
begun = take(FeedPage, get_changes.sync(client=acme)).next_
asked = create_task.sync_detailed(client=acme, body=TaskInput(title="Only asked"), prefer="validate-only")
assert asked.status_code is HTTPStatus.CREATED
assert asked.headers["Preference-Applied"] == "validate-only"
assert take(FeedPage, get_changes.sync(client=acme, since=begun)).results == []

# A bulk request is atomic. Every invalid operation is reported with its position.
drafts = [TaskBulkCreate(action="create", body=TaskInput(title=title)) for title in ["Draft", "No", "No"]]
wrong = refused(change_tasks.sync(client=acme, body=TaskBulkInput(operations=[*drafts])))
assert wrong.errors and [error.pointer for error in wrong.errors] == [
    "/operations/1/body/title",
    "/operations/2/body/title",
]
made = take(TaskBulkResult, change_tasks.sync(client=acme, body=TaskBulkInput(operations=[drafts[0]]))).results[0].id
update = TaskBulkUpdate(action="update", id=made, version=1, body=TaskPatch(title="Second draft"))
delete = TaskBulkDelete(action="delete", id=made, version=2)
done = take(TaskBulkResult, change_tasks.sync(client=acme, body=TaskBulkInput(operations=[update, delete])))
assert len(done.results) == 2

# The changes since then, in order.
feed = take(FeedPage, get_changes.sync(client=acme, since=begun, noun="task"))
assert [change.action for change in feed.results] == ["create", "update", "delete"]

# A list of any length, page by page with a cursor.
for title in ["Draw the logo", "Choose the colours", "Test the forms", "Announce it"]:
    take(Task, create_task.sync(client=acme, body=TaskInput(title=title, project_id=project.id)))
titles: list[str] = []
pages = 0
cursor: str | None = ""
while cursor is not None:
    page = take(
        TaskList, list_tasks.sync(client=acme, project=str(project.id), sort="title", page_size=2, cursor=cursor)
    )
    titles += [row.title for row in page.results]
    cursor = parse_qs(urlsplit(page.next_).query)["cursor"][0] if page.next_ else None
    pages += 1
assert pages == 3
assert titles == ["Announce it", "Choose the colours", "Draw the logo", "Test the forms", "Write the release notes"]

# A file is uploaded and downloaded.
notes = b"# Release notes\n"
attachment = take(
    Attachment, create_task_attachment.sync(task.id, client=acme, name="notes.md", body=File(payload=BytesIO(notes)))
)
assert (attachment.name, attachment.size) == ("notes.md", len(notes))
file = take(File, get_task_attachment_content.sync(task.id, attachment.id, client=acme))
assert file.payload.read() == notes

# For another organisation none of these rows exist.
other = organisation("Other")
hidden = refused(get_task.sync(task.id, client=other))
assert (hidden.status, hidden.code) == (404, "not_found")

# Signing out takes effect at once.
assert end_session.sync_detailed(client=acme).status_code is HTTPStatus.NO_CONTENT
assert refused(get_profile.sync(client=acme)).status == 401

print(f"Python: {len(titles)} tasks on {pages} pages, and all as it should be")
