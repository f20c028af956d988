"""Bodies from strangers: one JSON object, bounded in bytes, depth and numbers before anything else looks at it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any

from rest_framework.parsers import BaseParser

from registry.api.problems import ApiError
from registry.errors import UserError
from registry.inspection.bounded_json import load_json
from registry.inspection.verdicts import RefusedError

MAX_BYTES = 128 * 1024
MAX_DEPTH = 24
MAX_TOKENS = 1_000_000
_INTEGERS = range(-(2**63), 2**64)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJsonParser(BaseParser):
    """`application/json` and nothing else; a view may allow more bytes by its `body_bytes`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body as Python values; `UserError` or 413 for one that cannot be used."""
        del media_type
        context = parser_context or {}
        limit = getattr(context.get("view"), "body_bytes", MAX_BYTES)
        return loads_strictly(read_bounded(stream, limit))


def read_bounded(stream: IO[Any], limit: int) -> bytes:
    """The whole body, if it is not larger than `limit` bytes."""
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise ApiError("api.too_large", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, limit_bytes=limit)
    return body


def loads_strictly(body: bytes) -> Any:
    """Parse JSON whose every value can be stored."""
    try:
        document = load_json(body, max_depth=MAX_DEPTH, max_tokens=MAX_TOKENS)
    except RefusedError:
        raise UserError("api.json", limit=MAX_DEPTH) from None
    if not _is_storable(document):
        raise UserError("api.json_value")
    return document


def _is_storable(document: Any) -> bool:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            if _UNSTORABLE.search(value):
                return False
        elif isinstance(value, int):
            if value not in _INTEGERS:
                return False
        elif isinstance(value, float) and not math.isfinite(value):
            return False
    return True
