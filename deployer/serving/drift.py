"""Whether an object on the cluster is still what was applied, whatever the cluster added to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from .cluster import APPLIED
from .restrictions import breaches

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_UNITS = {"": Decimal(1), "m": Decimal("0.001")} | {
    prefix + suffix: Decimal(base) ** (power + 1)
    for power, prefix in enumerate("KMGT")
    for suffix, base in (("i", 1024), ("", 1000))
}
_UNITS["k"] = _UNITS["K"]


def has_drifted(live: Mapping[str, Any]) -> bool:
    """Whether somebody else changed what the portal applied; False for an object that carries no record of it."""
    annotations = live["metadata"].get("annotations") or {}
    applied = _applied(live)
    if applied is None:
        return False
    if annotations.get("serving.kserve.io/stop") == "true":
        return True
    return not holds(applied, live.get("spec") or {}) or bool(breaches(live))


def serves_another_image(live: Mapping[str, Any]) -> bool:
    """Whether the model's image is not the one that was applied; a record that names none says nothing."""
    recorded = _image(_applied(live))
    return recorded is not None and recorded != _image(live.get("spec"))


def _applied(live: Mapping[str, Any]) -> Mapping[str, Any] | None:
    try:
        found = json.loads((live["metadata"].get("annotations") or {})[APPLIED])
    except (KeyError, ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None


def _image(spec: Any) -> Any:
    """The model's image; None if there is none. Anybody may have written anything into the record."""
    found = spec
    for name in ("predictor", "model", "storageUri"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def holds(wanted: Any, found: Any) -> bool:
    """Whether everything wanted is there. What servers leave out for being empty counts as there."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return not wanted and found is None
        return all(holds(value, found.get(name)) for name, value in wanted.items())
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return _holds_list(wanted, found)
    if not wanted and found is None:
        return wanted is not None and wanted != ""
    return bool(wanted == found) or _same_quantity(wanted, found)


def differences(wanted: Any, found: Any, *, where: str = "") -> Iterator[str]:
    """The paths of what is wanted and not there, dotted; a list counts as one thing."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name, value in wanted.items():
            yield from differences(value, found.get(name), where=f"{where}.{name}" if where else str(name))
    elif not holds(wanted, found):
        yield where


def _holds_list(wanted: Sequence[Any], found: Any) -> bool:
    if not isinstance(found, Sequence) or isinstance(found, str):
        return not wanted and found is None
    if all(isinstance(entry, Mapping) and "name" in entry for entry in wanted):
        by_name = {entry.get("name"): entry for entry in found if isinstance(entry, Mapping)}
        return all(entry["name"] in by_name and holds(entry, by_name[entry["name"]]) for entry in wanted)
    return len(wanted) == len(found) and all(map(holds, wanted, found))


def _same_quantity(wanted: Any, found: Any) -> bool:
    """`1000m` and `1` are the same amount."""
    first, second = _amount(wanted), _amount(found)
    return first is not None and first == second


def _amount(value: Any) -> Decimal | None:
    match = _QUANTITY.fullmatch(str(value))
    return Decimal(match[1]) * _UNITS[match[2] or ""] if match else None
