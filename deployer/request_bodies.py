"""Why a model server may have refused a request: in words for who sent it, where its own are for programmers."""

from __future__ import annotations

import json

BINARY_HEADER = "Inference-Header-Content-Length"
BINARY_REFUSED = (
    "This portal takes requests as JSON only. Write the tensor's values into “data” "
    "and leave the header Inference-Header-Content-Length out."
)

_EMPTY = "The request is empty. Send a JSON object with “inputs”, or with “instances” in the protocol's version 1."
_NO_OBJECT = "The request is valid JSON and not an object. Put names and values in braces."


def json_fault(body: bytes) -> str:
    """What keeps a body from being a JSON object, as a sentence that says how to mend it; "" if it is one.

    It reads the whole body, so ask only about one that was refused.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return f"The request is not UTF-8 text: look at byte {error.start}. Send JSON in UTF-8."
    return _fault_of(text) if text.strip() else _EMPTY


def _fault_of(text: str) -> str:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        return f"The request is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}."
    except RecursionError:
        return "The request is nested too deeply. Write each tensor's “data” as a flat list."
    except ValueError:
        return "The request holds a number that is too long. Write numbers with at most 17 digits."
    return "" if isinstance(content, dict) else _NO_OBJECT
