"""Leaves out of the document, on the standard input, what openapi-python-client 0.29 makes no good code of."""

import json
import sys
from typing import Any


def plain(operation: dict[str, Any]) -> None:
    # Of several content types of one body it makes a client that can't be imported.
    if body := operation.get("requestBody"):
        kind = "application/json" if "application/json" in body["content"] else next(iter(body["content"]))
        content = body["content"][kind]
        # It sends text as JSON or not at all.
        if content["schema"].get("type") == "string":
            content["schema"]["format"] = "binary"
        body["content"] = {kind: content}
    # A credential that can be left out would be demanded.
    if {} in operation["security"]:
        operation["security"] = []


document = json.load(sys.stdin)
for path in document["paths"].values():
    for operation in path.values():
        plain(operation)
json.dump(document, sys.stdout)
