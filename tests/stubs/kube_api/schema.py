"""Structural OpenAPI v3 schemas as Kubernetes uses them: validation, unknown fields, pruning, defaults.

CEL rules (`x-kubernetes-validations`) are not evaluated: a real server may refuse more than this one, never less.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

Schema = Mapping[str, Any]
Problem = tuple[str, str, str]
"""(field, reason of the cause, message)."""

ANYTHING: Schema = {"x-kubernetes-preserve-unknown-fields": True}
TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
    "integer": (int,), "number": (int, float),
}  # fmt: skip

_TYPED = {"integer": "numeric (int or float)", "number": "numeric (int or float)", "object": "map", "array": "list"}


def child(schema: Schema, name: str) -> Schema | None:
    """The schema of a member; None if the schema does not know it."""
    known: Mapping[str, Schema] = schema.get("properties", {})
    if name in known:
        return known[name]
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        return more
    return ANYTHING if more or schema.get("x-kubernetes-preserve-unknown-fields") else None


def is_free(schema: Schema) -> bool:
    return not schema.get("type") and not schema.get("x-kubernetes-int-or-string")


def join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def problems(value: Any, schema: Schema, path: str = "") -> Iterator[Problem]:
    """What a write is refused for with 422. Unknown members are no problem here; see `unknown`."""
    if is_free(schema) or (value is None and schema.get("nullable")):
        return
    if value is None or not _fits(value, schema):
        found = "null" if value is None else _json_type(value)
        reason = "FieldValueInvalid" if value is None else "FieldValueTypeInvalid"
        yield (path, reason, f'Invalid value: "{found}": {path} in body must be of type {_type(schema)}: "{found}"')
        return
    yield from _value_problems(value, schema, path)
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                yield (join(path, name), "FieldValueRequired", "Required value")
        for name, member in value.items():
            below = child(schema, name)
            if below is not None:
                yield from problems(member, below, join(path, name))
    elif isinstance(value, list):
        yield from _list_problems(value, schema, path)


def _value_problems(value: Any, schema: Schema, path: str) -> Iterator[Problem]:
    if "enum" in schema and value not in schema["enum"]:
        options = ", ".join(json.dumps(option) for option in schema["enum"])
        told = f"Unsupported value: {json.dumps(value)}: supported values: {options}"
        yield (path, "FieldValueNotSupported", told)
    rules = _string_rules(value, schema) if isinstance(value, str) else _number_rules(value, schema)
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        yield (path, "FieldValueTooLong", f"Too long: may not be more than {schema['maxLength']} bytes")
    for rule in rules:
        yield (path, "FieldValueInvalid", f"Invalid value: {json.dumps(value)}: {path} in body {rule}")


def _string_rules(value: str, schema: Schema) -> Iterator[str]:
    if "pattern" in schema and not _pattern(schema["pattern"]).search(value):
        yield f"should match '{schema['pattern']}'"
    if len(value) < schema.get("minLength", 0):
        yield f"should be at least {schema['minLength']} chars long"
    if schema.get("format") == "date-time" and not _is_time(value):
        yield f"must be of type date-time: {json.dumps(value)}"


def _number_rules(value: Any, schema: Schema) -> Iterator[str]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if value < schema.get("minimum", value):
        yield f"should be greater than or equal to {schema['minimum']}"
    if value > schema.get("maximum", value):
        yield f"should be less than or equal to {schema['maximum']}"
    if schema.get("format") == "int32" and not -(1 << 31) <= value < 1 << 31:
        yield f"must be of type int32: {value}"


def _list_problems(value: list[Any], schema: Schema, path: str) -> Iterator[Problem]:
    if len(value) > schema.get("maxItems", len(value)):
        yield (path, "FieldValueTooMany", f"Too many: {len(value)}: must have at most {schema['maxItems']} items")
    if len(value) < schema.get("minItems", 0):
        least = schema["minItems"]
        yield (
            path,
            "FieldValueInvalid",
            f"Invalid value: {len(value)}: {path} in body should have at least {least} items",
        )
    seen = set()
    for index, item in enumerate(value):
        below = schema.get("items", ANYTHING)
        yield from problems(item, below, f"{path}[{index}]")
        key = item_key(item, schema)
        if key is not None and key in seen:
            yield (f"{path}[{index}]", "FieldValueDuplicate", f"Duplicate value: {key.partition(':')[2]}")
        seen.add(key)


def item_key(item: Any, schema: Schema) -> str | None:
    """How managed fields name a list's item: `k:{"name":"x"}`, `v:"x"`; None where the list is one value."""
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        return "v:" + json.dumps(item, separators=(",", ":"))
    if kind != "map" or not isinstance(item, dict):
        return None
    below = schema.get("items", {}).get("properties", {})
    keys = {}
    for name in schema["x-kubernetes-list-map-keys"]:
        if name in item:
            keys[name] = item[name]
        elif "default" in below.get(name, {}):
            keys[name] = below[name]["default"]
    return "k:" + json.dumps(keys, sort_keys=True, separators=(",", ":"))


def unknown(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """The paths of members that the schema does not know."""
    if isinstance(value, dict) and not is_free(schema):
        for name, member in value.items():
            below = child(schema, name)
            if below is None:
                yield join(path, name)
            else:
                yield from unknown(member, below, join(path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown(item, schema.get("items", ANYTHING), f"{path}[{index}]")


def pruned(value: Any, schema: Schema) -> Any:
    """A copy without what the schema does not know."""
    if isinstance(value, dict) and not is_free(schema):
        members = ((name, member, child(schema, name)) for name, member in value.items())
        return {name: pruned(member, below) for name, member, below in members if below is not None}
    if isinstance(value, list):
        return [pruned(item, schema.get("items", ANYTHING)) for item in value]
    return copy.deepcopy(value) if isinstance(value, dict) else value


def set_defaults(value: Any, schema: Schema) -> None:
    """Fill in, in place, what the schema has defaults for below members that are there."""
    if isinstance(value, dict) and not is_free(schema):
        for name, below in schema.get("properties", {}).items():
            if "default" in below and name not in value:
                value[name] = copy.deepcopy(below["default"])
        for name, member in value.items():
            below = child(schema, name)
            if below is not None:
                set_defaults(member, below)
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            set_defaults(item, schema["items"])


def untyped(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """Why a value is no typed value of the schema, as an apply patch is told."""
    if value is None:
        return
    if not _fits(value, schema):
        wanted = _TYPED.get(_type(schema), _type(schema))
        yield f"{path}: expected {wanted}, got &value.valueUnstructured{{Value:{json.dumps(value)}}}"
    elif isinstance(value, dict) and not is_free(schema):
        for name, member in value.items():
            below = child(schema, name)
            if below is None:
                yield f"{path}.{name}: field not declared in schema"
            else:
                yield from untyped(member, below, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from untyped(item, schema.get("items", ANYTHING), f"{path}[{index}]")


def _fits(value: Any, schema: Schema) -> bool:
    if is_free(schema):
        return True
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, int | str) and not isinstance(value, bool)
    if isinstance(value, bool):
        return bool(schema["type"] == "boolean")
    return isinstance(value, TYPES[schema["type"]])


def _type(schema: Schema) -> str:
    return "integer,string" if schema.get("x-kubernetes-int-or-string") else str(schema.get("type", "object"))


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next(name for name, types in TYPES.items() if isinstance(value, types))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.removesuffix("$") + r"\Z" if text.endswith("$") else text)


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
