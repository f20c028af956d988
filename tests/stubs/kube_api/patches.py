"""The three older kinds of patch."""

from __future__ import annotations

import copy
from typing import Any

from tests.stubs.kube_api import statuses
from tests.stubs.kube_api.resources import Resource
from tests.stubs.kube_api.schema import ANYTHING, Schema, child, item_key
from tests.stubs.kube_api.statuses import Object

ACCEPTED = (
    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
)  # fmt: skip


def patched(live: Object, content_type: str, body: Any, resource: Resource) -> Object:
    """The object that the patch makes; a 415 for a kind of patch that the resource does not take."""
    obj = copy.deepcopy(live)
    if content_type == "application/json-patch+json" and isinstance(body, list):
        for step in body:
            obj = _step(obj, step)
        return obj
    if content_type == "application/merge-patch+json" and isinstance(body, dict):
        return _merge(obj, body)  # type: ignore[no-any-return]  # two maps make a map
    if content_type == "application/strategic-merge-patch+json" and not resource.custom and isinstance(body, dict):
        return _strategic(obj, body, resource.schema)  # type: ignore[no-any-return]  # as above
    message = f"the body of the request was in an unknown format - accepted media types include: {ACCEPTED}"
    raise statuses.ApiError(415, "UnsupportedMediaType", message)


def _merge(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, member in patch.items():
        if member is None:
            result.pop(name, None)
        else:
            result[name] = _merge(result.get(name), member)
    return result


def _strategic(value: Any, patch: Any, schema: Schema) -> Any:
    """A merge patch that merges keyed lists by their keys."""
    if isinstance(patch, dict):
        result = dict(value) if isinstance(value, dict) else {}
        for name, member in patch.items():
            if member is None:
                result.pop(name, None)
            else:
                result[name] = _strategic(result.get(name), member, child(schema, name) or ANYTHING)
        return result
    if isinstance(patch, list) and isinstance(value, list) and schema.get("x-kubernetes-list-type") == "map":
        items = {item_key(item, schema): item for item in value}
        for item in patch:
            key = item_key(item, schema)
            items[key] = _strategic(items.get(key), item, schema["items"])
        return list(items.values())
    return patch


def _step(obj: Any, step: Object) -> Any:
    """One step of a JSON patch (RFC 6902): add, replace, remove, test."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
    holder = obj
    try:
        for part in parts[:-1]:
            holder = holder[int(part)] if isinstance(holder, list) else holder[part]
        last: Any = parts[-1]
        if isinstance(holder, list):
            last = len(holder) if last == "-" else int(last)
        if step["op"] == "test" and holder[last] != step["value"]:
            raise KeyError(step["path"])  # noqa: TRY301  # one refusal for all that does not fit
        if step["op"] == "remove" or (step["op"] == "replace" and isinstance(holder, list)):
            del holder[last]
        if step["op"] in {"add", "replace"}:
            if isinstance(holder, list):
                holder.insert(last, step["value"])
            else:
                holder[last] = step["value"]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise statuses.ApiError(
            422, "Invalid", "the server rejected our request due to an error in our request"
        ) from error
    return obj
