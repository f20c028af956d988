"""Sets of fields as server-side apply counts them, and the merge that follows from them.

A field is a path of steps in the spelling of `fieldsV1`: `f:spec`, `k:{"name":"x"}`, `v:"x"`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.stubs.kube_api.schema import ANYTHING, Schema, child, item_key

Path = tuple[str, ...]
ITEM = object()
# What no manager owns: the object's kind, and this of its metadata.
KIND = ("apiVersion", "kind")
SYSTEM = {
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion",
    "deletionTimestamp", "deletionGracePeriodSeconds", "generateName",
}  # fmt: skip


def leaves(value: Any, schema: Schema, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each field of a value with what it holds; an item of a keyed list is a field beside its members."""
    if isinstance(value, dict) and value and schema.get("x-kubernetes-map-type") != "atomic":
        for name, member in value.items():
            yield from leaves(member, child(schema, name) or ANYTHING, (*path, f"f:{name}"))
    elif isinstance(value, list) and value and schema.get("x-kubernetes-list-type") in {"map", "set"}:
        for item in value:
            step = (*path, str(item_key(item, schema)))
            yield step, ITEM
            if schema["x-kubernetes-list-type"] == "map":
                yield from leaves(item, schema["items"], step)
    else:
        yield path, value


def owned(obj: Mapping[str, Any], schema: Schema) -> dict[Path, Any]:
    """The fields that a manager of this object owns, with their values."""
    metadata = {name: value for name, value in obj.get("metadata", {}).items() if name not in SYSTEM}
    rest = {name: value for name, value in obj.items() if name != "metadata" and name not in KIND}
    return dict(leaves({**rest, **({"metadata": metadata} if metadata else {})}, schema)) if rest or metadata else {}


def encoded(fields: Iterable[Path]) -> dict[str, Any]:
    """`fieldsV1` of a set of fields."""
    tree: dict[str, Any] = {}
    for path in sorted(fields):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        node["."] = {}
    return _without_lone_dots(tree)


def _without_lone_dots(tree: dict[str, Any]) -> dict[str, Any]:
    return {
        step: {} if set(below) == {"."} else _without_lone_dots(below)
        for step, below in tree.items()
    }  # fmt: skip


def decoded(tree: Mapping[str, Any], path: Path = ()) -> Iterator[Path]:
    """The set of fields that `fieldsV1` stands for."""
    if not tree and path:
        yield path
    for step, below in tree.items():
        if step == ".":
            yield path
        else:
            yield from decoded(below, (*path, step))


def printed(path: Path) -> str:
    """`.spec.containers[name="x"].image`."""
    parts = []
    for step in path:
        kind, _, rest = step.partition(":")
        if kind == "f":
            parts.append(f".{rest}")
        elif kind == "v":
            parts.append(f"[={rest}]")
        else:
            keys = json.loads(rest)
            parts.append(f"[{','.join(f'{name}={json.dumps(value)}' for name, value in keys.items())}]")
    return "".join(parts)


def merged(live: Any, applied: Any, schema: Schema) -> Any:
    """What an apply makes of the live value, before anything is taken away."""
    if isinstance(live, dict) and isinstance(applied, dict) and schema.get("x-kubernetes-map-type") != "atomic":
        result = dict(live)
        for name, member in applied.items():
            below = child(schema, name) or ANYTHING
            result[name] = merged(live[name], member, below) if name in live else copy.deepcopy(member)
        return result
    kind = schema.get("x-kubernetes-list-type")
    if isinstance(live, list) and isinstance(applied, list) and kind in {"map", "set"}:
        items = {item_key(item, schema): item for item in live}
        for item in applied:
            key = item_key(item, schema)
            items[key] = (
                merged(items[key], item, schema["items"]) if key in items and kind == "map" else copy.deepcopy(item)
            )
        return list(items.values())
    return copy.deepcopy(applied)


def without(value: Any, gone: set[Path], schema: Schema, path: Path = ()) -> Any:
    """The value without these fields; a map that loses its last member goes as well. None: nothing is left."""
    if isinstance(value, dict) and schema.get("x-kubernetes-map-type") != "atomic":
        kept = {}
        for name, member in value.items():
            step = (*path, f"f:{name}")
            left = None if step in gone else without(member, gone, child(schema, name) or ANYTHING, step)
            if left is not None or (member is None and step not in gone):
                kept[name] = left
        return kept if kept or not value else None
    if isinstance(value, list) and schema.get("x-kubernetes-list-type") in {"map", "set"}:
        items = []
        for item in value:
            step = (*path, str(item_key(item, schema)))
            if step not in gone:
                items.append(without(item, gone, schema["items"], step))
        return items if items or not value else None
    return value
