"""Reports of Schemathesis that are not defects, each with its reason.

The document cannot express these reasons. Every other report is a defect of the document or of the
server.
"""

import json
import os
import zlib

import schemathesis
from hypothesis import strategies
from schemathesis.openapi.checks import JsonSchemaError, RejectedPositiveData

# Formats that Schemathesis does not know.
schemathesis.openapi.format("time-zone", strategies.sampled_from(["Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+12", "UTC"]))
schemathesis.openapi.format("rrule", strategies.sampled_from(["FREQ=WEEKLY;BYDAY=MO", "FREQ=DAILY;INTERVAL=3;COUNT=5", "FREQ=MONTHLY;BYMONTHDAY=-1"]))
schemathesis.openapi.format("language-tag", strategies.sampled_from(["en", "de-CH", "zh-Hans-CN", "es-419", "sl-rozaj-biske"]))

# Codes of refusals that depend on the existing rows, on the time, or on several fields together.
STATE = {
    "stale": "If-Match names another version",
    "precondition_required": "a run may have switched require_if_match on",
    "idempotency_mismatch": "the same key came with another request before",
    "reference_not_found": "no such row",
    "weak_password": "what is easy to guess is in no pattern",
    "wrong_password": "it is another",
    "one_of_two": "a rule of two fields",
    "required": "a field that others ask for",
    "passed": "an instant is in the past some day",
    "control_character": "as below",
    "range_not_satisfiable": "there are no such octets",
    "digest_mismatch": "the digest is one of other octets",
    "other_grant": "a field of another grant_type",
}
# The same by the beginning of the message, where the code does not identify the rule.
SAID = (
    # several fields or parameters
    "Give either ",
    "Send page or cursor, not both.",
    "Must be absent when ",
    "Must be absent for a text",  # a parameter of another content type
    "Must be later than from.",
    "The end must not be before the start.",
    "A time entry must be at most 24 hours long.",
    "This action needs it.",
    "This action does not take it.",
    "Authenticate with a bearer token or with client credentials, not with both.",
    "This parameter is required, unless a form names the file.",
    "Must be at most 366 days after from.",
    "Must be at most 3 of: ",  # a repeated sort key
    # the state of this row or of others
    "Must be the project of the task in beside_id.",
    "Must be the project of the parent task.",
    "Must not be the task itself.",
    "Must be a user who can see the task.",
    "Must be the id of another active user of the organisation.",
    "Must be the id of another active user who can see the projects of the team.",
    # the caller: only admins can filter users by email
    "There is no such parameter. Filters: q, role, is_active, username, created_at.",
    # the time
    "Must be in the future, within the next ",
    "Must be 1970-01-01T00:00:00Z or later",
    "The end must not be in the future.",
    # the list that a cursor came from
    "The cursor does not belong to this list",
    "The cursor is not one of this ",
    "Must be a cursor of this change feed",
    "Last-Event-ID: must be a cursor of this change feed",
    # bytes
    "There is no such column.",
    "Must be a picture of the content type that was sent.",
    "Must be a complete picture of the content type that was sent.",
    # characters: the document has this rule once, in words, and not as a pattern of each field
    "Must be one line without tabs",
    "Must not contain characters that change the direction",
    "Must be at least 3 characters, or contain a Han, kana or Hangul character",
    "Must contain a visible character",
    "The name must ",
    "Must be the id of a version of this document.",
    # headers: the coverage phase generates letters and digits only, whatever their pattern
    "if-match: must be",
    "if-none-match: must be",
    "Repr-Digest: must be",
    # forms, which have no null
    "Must be one of: password, client_credentials.",
)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if isinstance(failure, RejectedPositiveData):
        # A link may take a path parameter from a field that is null, which is invalid input.
        if any(value in (None, "None") for value in (case.path_parameters or {}).values()):
            return False
        # If Schemathesis finds no valid body for a deep schema, it sends 0 as valid input. Every JSON
        # body of this API is an object.
        if case.media_type == "application/json" and not isinstance(case.body, dict):
            return False
        problem = json.loads(response.content)
        errors = problem.get("errors") or [{"code": problem["code"], "message": problem.get("detail", "")}]
        return not all(e["code"] in STATE or e["message"].startswith(SAID) for e in errors)
    if isinstance(failure, JsonSchemaError):
        return not lacks_what_was_not_asked_for(failure, case)
    return True


def lacks_what_was_not_asked_for(failure, case):
    """Whether a row of a list has exactly the requested `fields`, and so fewer than its schema.

    The schema describes whole rows, because clients are generated from it. The description of `fields`
    says that other fields are left out.
    """
    asked, place = (case.query or {}).get("fields"), list(failure.instance_path)
    if not isinstance(asked, str) or place[:1] != ["results"] or len(place) != 2:
        return False
    asked, shown = {name.strip() for name in asked.split(",")}, set(failure.instance)
    # A row with several shapes lacks its private fields in some of them.
    return shown == asked or (shown < asked and "anyOf" in failure.schema_path)


# Headers that are ignored when they are invalid: the request id, and a range (RFC 9110, section 14.2).
PASSED_OVER = ("X-Request-Id", "Range", "If-Range")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Removes parameters that cannot have findings.

    Patterns of comma-separated words lose their maximum length, because generating 4096 characters for
    such a pattern takes seconds, for every list.
    """
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            parameters = operation.get("parameters", [])
            parameters[:] = [it for it in parameters if it["name"] not in PASSED_OVER]
            for parameter in parameters:
                if parameter.get("schema", {}).get("pattern", "").endswith("))*$"):
                    parameter["schema"].pop("maxLength", None)


# Each run tries one share of the invalid input of the coverage phase ("0/2" is the first half; run.sh
# assigns the shares). Most of it is refused before the role or the database could matter. Valid input
# is tried in every run.
SHARE, SHARES = map(int, os.environ.get("TASKHUB_FUZZ_SHARE", "0/1").split("/"))


@schemathesis.hook
def filter_case(context, case):
    phase = case.meta.phase
    if phase.name != "coverage" or case.meta.generation.mode.is_positive:
        return True
    data = phase.data
    what = f"{case.operation.label} {data.parameter_location} {data.parameter} {data.description}"
    return zlib.crc32(what.encode()) % SHARES == SHARE
