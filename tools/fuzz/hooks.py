"""Schemathesis's check that valid input is accepted, but for refusals that no schema can foretell.

What is refused for another reason is a fault: of the document, which promised it, or of the server.
"""

import schemathesis
from schemathesis.specs.openapi.checks import RejectedPositiveData, positive_data_acceptance

# What depends on the rows that are there, on the time, or on several fields together.
STATE = {
    "stale": "If-Match names another version",
    "precondition_required": "a run may have switched require_if_match on",
    "idempotency_mismatch": "the same key came with another request before",
    "reference_not_found": "no such row",
    "weak_password": "what is easy to guess is in no pattern",
    "wrong_password": "it is another",
    "one_of_two": "a rule of two fields",
    "required": "a field that others ask for",
    "control_character": "as below",
    "range_not_satisfiable": "there are no such octets",
    "digest_mismatch": "the digest is one of other octets",
    "other_grant": "a field of another grant_type",
}
# The same, where the code does not say which rule it was: how what is said begins.
SAID = (
    # of several fields or parameters
    "Give either ",
    "Expected an instant after the one in from.",
    "The end is before the start.",
    "This action needs it.",
    "Name either a new organisation or one to join.",
    "The caller says who it is twice",
    "Expected at most 3 of: ",  # a key of the sort stands there twice
    # of the row as it is, or of others
    "The other task lies in another project.",
    "A part of a task lies in the same project.",
    "A task can't stand beside itself.",
    # of the time
    "It must lie within the next ",
    "Expected an instant since 1970",
    # of the lists that it came from
    "The cursor is not one of this list.",
    # of characters, which the document says of all texts in words, and not at each in a pattern
    "Line breaks and tabs are not allowed",
    "Characters that turn the direction",
    "There is nothing to see",
    "The document has no such version.",
    # of headers: the coverage phase makes them of letters and digits alone, whatever their pattern
    "if-match: expected",
    "if-none-match: expected",
    "Repr-Digest: expected",
    # of forms, which have no null
    "Unknown variant `null`",
)


@schemathesis.check
def valid_input_is_accepted(ctx, response, case):
    try:
        return positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        problem = response.json()
        errors = problem.get("errors") or [{"code": problem["code"], "message": problem.get("detail", "")}]
        if any(e["code"] in STATE or e["message"].startswith(SAID) for e in errors):
            return None
        raise


@schemathesis.hook
def map_query(ctx, query):
    """Rows are asked for whole: the schema is that of whole ones, and which fields are left out is told in words."""
    if query:
        query.pop("fields", None)
    return query
