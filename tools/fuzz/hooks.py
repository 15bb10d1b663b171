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
    "Expected an instant after the one in from.",
    "The end is before the start.",
    "An entry is at most 24 hours long.",
    "This action needs it.",
    "This action does not take it.",
    "Name either a new organisation or one to join.",
    "The invitation says which organisation it is to.",
    "The caller says who it is twice",
    "A text has no name.",  # a parameter of another content type
    "Name the file here, or send it in a form.",
    "A report is over at most 366 days.",
    "Expected at most 3 of: ",  # a repeated sort key
    # the state of this row or of others
    "The other task lies in another project.",
    "A part of a task lies in the same project.",
    "A task can't stand beside itself.",
    "The user does not see the task.",
    "Expected the id of another active user of the organisation.",
    "Expected the id of another active user who sees the team's projects.",
    # the caller: only admins can filter users by email
    "There is no such parameter. Filters: q, role, is_active, username, created_at.",
    # the time
    "It must lie within the next ",
    "Expected an instant since 1970",
    "The end is in the future.",
    # the list that a cursor came from
    "The cursor is not one of this ",
    "Last-Event-ID is no cursor of this feed",
    # bytes
    "There is no such column.",
    "This is no picture of the content type that was sent.",
    "The picture is cut off, or is none of the content type that was sent.",
    # characters: the document has this rule once, in words, and not as a pattern of each field
    "Line breaks and tabs are not allowed",
    "Characters that turn the direction",
    "This is no name: ",
    "Expected at least 3 characters, or one of Han, kana or Hangul",
    "There is nothing to see",
    "The document has no such version.",
    # headers: the coverage phase generates letters and digits only, whatever their pattern
    "if-match: expected",
    "if-none-match: expected",
    "Repr-Digest: expected",
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
