"""Side files: documentation, settings and small tables that no program runs."""

from __future__ import annotations

import re
from typing import Any

from registry.inspection.bounded_json import load_json
from registry.inspection.formats import MAX_SIDE_JSON_SIZE, MAX_SIDE_SIZE
from registry.inspection.pickles import is_pickle
from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError

_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
# YAML tags that make an unsafe loader build any object.
_YAML_OBJECT = re.compile(r"!!python/|tag:yaml\.org,2002:python/|!ruby/|!!javax?\.")
_JSON_DEPTH = 32
_REMOTE_CODE = frozenset({"auto_map", "custom_pipelines", "trust_remote_code"})


def inspect_text(source: Source) -> None:
    """Accept UTF-8 text of at most 1 MiB without control characters, pickles or YAML tags that build objects."""
    data = source.read_all(MAX_SIDE_SIZE)
    _decode(data)
    if is_pickle(data):
        raise RefusedError("gate.pickle")


def inspect_json(source: Source) -> None:
    """Accept JSON of at most 16 MiB and 32 levels that names no code to import (`auto_map`)."""
    data = source.read_all(MAX_SIDE_JSON_SIZE)
    _decode(data)
    todo: list[Any] = [load_json(data, max_depth=_JSON_DEPTH)]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if not _REMOTE_CODE.isdisjoint(value):
                raise RefusedError("gate.json_code", key=min(_REMOTE_CODE & value.keys()))
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)


def _decode(data: bytes) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError("gate.side_not_text") from None
    if _CONTROL.search(text):
        raise RefusedError("gate.side_not_text")
    if _YAML_OBJECT.search(text):
        raise RefusedError("gate.yaml_object")
