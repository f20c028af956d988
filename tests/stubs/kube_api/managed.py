"""Who manages which field: `metadata.managedFields` after an apply or any other write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stubs.kube_api import statuses
from tests.stubs.kube_api.fieldsets import ITEM, Path, decoded, encoded, merged, owned, printed, without
from tests.stubs.kube_api.schema import Schema
from tests.stubs.kube_api.statuses import Object


@dataclass(frozen=True)
class Manager:
    """One who wrote: the name, by apply or otherwise, in which version, the object or a subresource."""

    name: str
    operation: str  # "Apply" or "Update"
    api_version: str
    subresource: str = ""


@dataclass
class Managed:
    """The managers of one object with their fields and the times of their last change."""

    fields: dict[Manager, set[Path]] = field(default_factory=dict)
    times: dict[Manager, str] = field(default_factory=dict)

    @classmethod
    def of(cls, live: Object | None) -> Managed:
        made = cls()
        for entry in (live or {}).get("metadata", {}).get("managedFields", []):
            manager = Manager(entry["manager"], entry["operation"], entry["apiVersion"], entry.get("subresource", ""))
            made.fields[manager] = set(decoded(entry["fieldsV1"]))
            made.times[manager] = entry["time"]
        return made

    def entries(self) -> list[Object]:
        order = sorted(self.fields, key=lambda one: (one.operation, self.times[one], one.name, one.subresource))
        return [
            {
                "manager": one.name, "operation": one.operation, "apiVersion": one.api_version, "time": self.times[one],
                "fieldsType": "FieldsV1", "fieldsV1": encoded(self.fields[one]),
                **({"subresource": one.subresource} if one.subresource else {}),
            }
            for one in order
        ]  # fmt: skip

    def hold(self, manager: Manager, fields: set[Path], now: str) -> None:
        if fields != self.fields.get(manager):
            self.fields[manager], self.times[manager] = fields, now
        if not fields:
            self.fields.pop(manager, None)

    def take(self, fields: set[Path], keep: Manager, now: str) -> None:
        """These fields are no other manager's any more."""
        for manager in list(self.fields):
            if manager != keep and self.fields[manager] & fields:
                self.hold(manager, self.fields[manager] - fields, now)

    def owned_by_others(self, keep: Manager) -> set[Path]:
        return {path for manager, fields in self.fields.items() if manager != keep for path in fields}


def changes(before: Mapping[Path, Any], after: Mapping[Path, Any]) -> tuple[set[Path], set[Path]]:
    """The fields that are new or have another value, and those that are gone."""
    changed = {
        path for path, value in after.items()
        if path not in before or (value is not ITEM and (before[path] is ITEM or before[path] != value))
    }  # fmt: skip
    return changed, before.keys() - after.keys()


def apply(
    live: Object | None, wanted: Object, schema: Schema, *, manager: Manager, force: bool, now: str,
    reset: Callable[[Object], Object],
) -> Object:  # fmt: skip
    """The object after a server-side apply; `reset` drops what this endpoint never writes. Raises a 409 with causes."""
    managed = Managed.of(live)
    base = dict(live or {})
    mine = owned(reset(wanted), schema)
    result = merged(base, reset(wanted), schema)
    before, after = owned(base, schema), owned(result, schema)
    changed, _gone = changes(before, after)
    conflicts = [
        (_printed(other, managed.times[other]), printed(path))
        for other, fields in managed.fields.items()
        if other != manager
        for path in sorted(fields & changed & mine.keys())
    ]
    if conflicts and not force:
        raise statuses.apply_conflict(conflicts)
    if conflicts:
        managed.take(changed & mine.keys(), manager, now)
    dropped = managed.fields.get(manager, set()) - mine.keys() - managed.owned_by_others(manager)
    dropped = {
        path for path in dropped if not any(other[: len(path)] == path for other in managed.owned_by_others(manager))
    }
    result = without(result, dropped, schema) or {}
    managed.hold(manager, set(mine), now)
    still = owned(result, schema).keys()
    for other in [one for one in managed.fields if one != manager]:
        managed.hold(other, managed.fields[other] & still, now)
    return _with_entries(result, managed)


def update(live: Object | None, new: Object, schema: Schema, *, manager: Manager, now: str) -> Object:
    """The object after any other write: what it changed is this manager's."""
    if new.get("metadata", {}).get("managedFields") == []:
        return _with_entries(new, Managed())
    managed = Managed.of(live)
    changed, gone = changes(owned(live or {}, schema), owned(new, schema))
    managed.take(changed | gone, manager, now)
    managed.hold(manager, (managed.fields.get(manager, set()) | changed) - gone, now)
    return _with_entries(new, managed)


def _with_entries(result: Object, managed: Managed) -> Object:
    metadata = dict(result["metadata"])
    metadata.pop("managedFields", None)
    entries = managed.entries()
    return {**result, "metadata": {**metadata, **({"managedFields": entries} if entries else {})}}


def _printed(manager: Manager, time: str) -> str:
    text = f'"{manager.name}"' + (f' with subresource "{manager.subresource}"' if manager.subresource else "")
    return text if manager.operation == "Apply" else f"{text} using {manager.api_version} at {time}"
