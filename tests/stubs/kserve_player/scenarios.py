"""The recorded sequences as data, and how they are filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

RECORDED = Path(__file__).parents[2] / "data" / "kserve" / "scenarios.yaml"
_NAME = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Frame:
    """What changes at one moment."""

    deploys: str | None = None
    service: Any = None
    deployment: Any = None
    pods: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Mapping[str, str], ...] = ()
    serves: bool | None = None


@dataclass(frozen=True)
class Scenario:
    """A named sequence. `log` is what the model server writes; `holds_finalizer`: a deletion never ends."""

    about: str
    frames: tuple[Frame, ...]
    log: str = "serving\n"
    holds_finalizer: bool = False


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The value with each `${name}` replaced."""
    if isinstance(value, str):
        return _NAME.sub(lambda found: names[found[1]], value)
    if isinstance(value, Mapping):
        return {key: filled(member, names) for key, member in value.items()}
    return [filled(item, names) for item in value] if isinstance(value, list) else value


def _read() -> dict[str, Scenario]:
    document = yaml.safe_load(RECORDED.read_text())
    return {
        name: Scenario(
            about=one["about"],
            frames=tuple(Frame(**{**frame, "events": tuple(frame.get("events", ()))}) for frame in one["frames"]),
            log=one.get("log", "serving\n"),
            holds_finalizer=one.get("holds_finalizer", False),
        )
        for name, one in document["scenarios"].items()
    }


SCENARIOS: Mapping[str, Scenario] = _read()
