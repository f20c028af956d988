"""JSON from strangers: depth and counts are known before a single object is built."""

from __future__ import annotations

import json
import re
from typing import Any

from registry.inspection.verdicts import RefusedError, shown

MAX_DEPTH = 64
MAX_TOKENS = 4_000_000
_OPEN, _CLOSE = b"[{", b"]}"
# Possessive, so that an unclosed string costs linear time.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}"]', re.DOTALL)


def load_json(data: bytes, *, max_depth: int = MAX_DEPTH, max_tokens: int = MAX_TOKENS) -> Any:
    """Parse UTF-8 JSON after counting its nesting, containers and strings in flat memory.

    Refuses more than `max_depth` levels, more than `max_tokens` strings and brackets, and a key given twice in one
    object (two readers would see two different models).
    """
    _check_shape(data, max_depth, max_tokens)
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise RefusedError("gate.json_invalid") from None


def _check_shape(data: bytes, max_depth: int, max_tokens: int) -> None:
    depth = 0
    for count, match in enumerate(_TOKEN.finditer(data), start=1):
        token = data[match.start()]
        if token in _OPEN:
            depth += 1
            if depth > max_depth:
                raise RefusedError("gate.json_depth", limit=max_depth)
        elif token in _CLOSE:
            depth -= 1
            if depth < 0:
                raise RefusedError("gate.json_invalid")
        elif match.end() - match.start() == 1:
            raise RefusedError("gate.json_invalid")
        if count > max_tokens:
            raise RefusedError("gate.json_count", limit=max_tokens)
    if depth:
        raise RefusedError("gate.json_invalid")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RefusedError("gate.json_duplicate", key=shown(key))
            seen.add(key)
    return found
