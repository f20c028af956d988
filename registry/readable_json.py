"""JSON as people read it: objects spread out, lists of plain values on one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

INDENT = "  "
LINE_CHARACTERS = 100


def readable_json(value: Any, depth: int = 0) -> str:
    """`value` as JSON text; equal to what `json.dumps` writes but for the white space."""
    inner, outer = INDENT * (depth + 1), INDENT * depth
    if isinstance(value, Mapping) and value:
        members = (f"{_plain(str(key))}: {readable_json(item, depth + 1)}" for key, item in value.items())
        return "{\n" + ",\n".join(inner + member for member in members) + f"\n{outer}}}"
    if isinstance(value, list | tuple) and value:
        if any(isinstance(item, Mapping | list | tuple) for item in value):
            return "[\n" + ",\n".join(inner + readable_json(item, depth + 1) for item in value) + f"\n{outer}]"
        return _list_of_plain(value, inner, outer)
    return _plain(value)


def _list_of_plain(items: list[Any] | tuple[Any, ...], inner: str, outer: str) -> str:
    lines = [""]
    for position, item in enumerate(items):
        text = _plain(item) + ("," if position < len(items) - 1 else "")
        if lines[-1] and len(lines[-1]) + len(text) + 1 > LINE_CHARACTERS:
            lines.append("")
        lines[-1] += f" {text}" if lines[-1] else text
    if len(lines) == 1:
        return f"[{lines[0]}]"
    return "[\n" + "\n".join(inner + line for line in lines) + f"\n{outer}]"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
