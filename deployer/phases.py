"""The steps of a build or rollout with their durations, written as they pass so that pages can show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from django.utils import timezone

if TYPE_CHECKING:
    from deployer.models import ImageBuild, Rollout

Phase = dict[str, Any]
"""`name`, `started_at` (ISO 8601) and `seconds`, which is None while the step runs."""


def begun(phases: Sequence[Phase], name: str, *, at: datetime | None = None) -> list[Phase]:
    """The list with the running step closed and `name` open."""
    now = at or timezone.now()
    return [*closed(phases, at=now), {"name": name, "started_at": now.isoformat(), "seconds": None}]


def closed(phases: Sequence[Phase], *, at: datetime | None = None) -> list[Phase]:
    """The list with no step open."""
    now = at or timezone.now()
    return [{**phase, "seconds": _seconds(phase, now)} for phase in phases]


def after_waiting(since: datetime) -> list[Phase]:
    """A fresh list for an attempt that starts now, its wait in the queue first."""
    return closed(begun([], "waiting", at=since))


def begin_phase(subject: ImageBuild | Rollout, name: str) -> None:
    """Open a step of a build or rollout. Call it in the fenced transaction of the job."""
    subject.phases = begun(subject.phases, name)
    type(subject)._default_manager.filter(pk=subject.pk).update(phases=subject.phases)  # noqa: SLF001  # public by use


def usual_seconds(former: Iterable[Sequence[Phase]]) -> Mapping[str, float]:
    """The median duration of each step over former builds or rollouts."""
    known: dict[str, list[float]] = {}
    for phases in former:
        for name, seconds in {phase["name"]: phase["seconds"] for phase in phases}.items():
            if seconds is not None:
                known.setdefault(name, []).append(seconds)
    return {name: median(values) for name, values in known.items()}


def _seconds(phase: Phase, now: datetime) -> float:
    if phase["seconds"] is not None:
        return float(phase["seconds"])
    return round((now - datetime.fromisoformat(phase["started_at"])).total_seconds(), 3)
