"""How long each step usually takes, from what really happened: the honest wait that pages show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from registry.models import Event, Job, JobState, Review

NEWEST = 50
LEAST = 3
"""Fewer finished ones than this tell nothing about the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualTimes:
    """The median of each step over the newest finished ones, waiting for a worker or a person included.

    None: not enough data yet.
    """

    checks: timedelta | None
    trial_run: timedelta | None
    first_review: timedelta | None
    going_live: timedelta | None


def usual_times() -> UsualTimes:
    """The medians of checking, trial run, the first word of a reviewer, and from the approval to production."""
    return UsualTimes(
        checks=_typical(_job_spans("check_frozen")),
        trial_run=_typical(_job_spans("try_version")),
        first_review=_typical(_first_review_spans()),
        going_live=_typical(_going_live_spans()),
    )


def _typical(spans: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if len(spans) >= LEAST else None


def _job_spans(kind: str) -> list[timedelta]:
    """From the moment the work became due to its end; each submission has a job of its own."""
    done = Job.objects.filter(kind=kind, state=JobState.SUCCEEDED, finished_at__isnull=False).order_by("-pk")
    rows = done.values_list("created_at", "finished_at")[:NEWEST]
    return [finished - created for created, finished in rows if finished is not None]


def _first_review_spans() -> list[timedelta]:
    """From a version's entry into review to the first statement of a reviewer about it."""
    said = Review.objects.order_by("-pk").values_list("version_id", "created_at")[: 2 * NEWEST]
    moments: dict[int, list[datetime]] = defaultdict(list)
    for version_id, at in said:
        moments[version_id].append(at)
    entries = _moments("version:in_review", list(moments))
    spans = []
    for version_id, reviewed in moments.items():
        for begun, ended in _pairs(entries[version_id], sorted(reviewed)):
            spans.append(ended - begun)
    return spans[:NEWEST]


def _going_live_spans() -> list[timedelta]:
    live = Event.objects.filter(tag="rollout:ready", version__isnull=False).order_by("-pk")
    ready = dict(reversed(live.values_list("version_id", "at")[:NEWEST]))
    approved = _moments("version:approved", list(ready))
    return [at - max(before) for pk, at in ready.items() if (before := [m for m in approved[pk] if m <= at])]


def _moments(tag: str, version_ids: Sequence[int]) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = defaultdict(list)
    rows = Event.objects.filter(tag=tag, version__in=version_ids).order_by("pk")
    for version_id, at in rows.values_list("version_id", "at"):
        found[version_id].append(at)
    return found


def _pairs(begun: Sequence[datetime], ended: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Each beginning with the first end after it, unless the next beginning comes first."""
    pairs = []
    for at, start in enumerate(begun):
        following = begun[at + 1] if at + 1 < len(begun) else None
        end = next((moment for moment in ended if moment >= start), None)
        if end is not None and (following is None or end < following):
            pairs.append((start, end))
    return pairs
