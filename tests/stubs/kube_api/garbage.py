"""What goes with an object that goes: its dependents, or everything in a namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.stubs.kube_api.options import FOREGROUND, Options
from tests.stubs.kube_api.resources import Resource, Target
from tests.stubs.kube_api.statuses import Object

if TYPE_CHECKING:
    from tests.stubs.kube_api.operations import Operations


def collect(operations: Operations, resource: Resource, owner: Object, policy: str) -> None:
    """Delete or orphan what names the owner in `ownerReferences`; then let a foreground deletion end."""
    gone = operations.store.get(resource, owner["metadata"].get("namespace", ""), owner["metadata"]["name"]) is None
    foreground = FOREGROUND in owner["metadata"].get("finalizers", ())
    if not gone and not foreground:
        return  # it waits for its finalizers; the dependents go when it is gone
    for kind, dependent in _dependents(operations, owner["metadata"]["uid"]):
        metadata = dependent["metadata"]
        if policy == "Orphan":
            others = [one for one in metadata["ownerReferences"] if one["uid"] != owner["metadata"]["uid"]]
            operations.store.put(kind, {**dependent, "metadata": {**metadata, "ownerReferences": others}})
            continue
        operations.delete(
            Target(kind, metadata.get("namespace", ""), metadata["name"]), {"propagationPolicy": policy}, Options()
        )
    if foreground and not gone and not _dependents(operations, owner["metadata"]["uid"]):
        left = [one for one in owner["metadata"]["finalizers"] if one != FOREGROUND]
        if left:
            operations.store.put(resource, {**owner, "metadata": {**owner["metadata"], "finalizers": left}})
        else:
            operations.store.remove(resource, {**owner, "metadata": {**owner["metadata"], "finalizers": []}})
    operations.end_if_empty(owner["metadata"].get("namespace", ""))


def emptied(operations: Operations, namespace: str) -> None:
    """Delete everything in a namespace; what has finalizers stays until they are gone."""
    for key, objects in list(operations.store.objects.items()):
        for where, name in list(objects):
            if where == namespace and (where, name) in objects:
                operations.delete(Target(operations.resources[key], where, name), {}, Options())


def _dependents(operations: Operations, uid: str) -> list[tuple[Resource, Object]]:
    return [
        (operations.resources[key], obj)
        for key, objects in list(operations.store.objects.items())
        for obj in list(objects.values())
        if any(one["uid"] == uid for one in obj["metadata"].get("ownerReferences") or ())
    ]
