"""Where things stand: how many wait in each state, which of them the longest, and what failed last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from deployer.models import ImageBuild, ImageBuildState, Rollout, RolloutState
from registry.models import Job, JobState, ModelVersion, VersionState

UNDER_WAY = (RolloutState.PENDING, RolloutState.APPLYING)
NEWEST_FAILURES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many things of a kind are in a state, and the one that is in it the longest."""

    what: str
    state: str
    count: int
    oldest: ModelVersion | ImageBuild | Rollout
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many jobs of a kind are in a state; `oldest` is when the oldest was due, began or failed."""

    kind: str
    state: str
    count: int
    oldest: datetime | None


def standings() -> list[Standing]:
    """Versions, builds and rollouts under way, per state with the oldest; a query for each kind and each state."""
    versions = ModelVersion.objects.filter(state__in=[VersionState.SUBMITTED, VersionState.IN_REVIEW])
    builds = ImageBuild.objects.filter(state__in=[ImageBuildState.QUEUED, ImageBuildState.BUILDING])
    rollouts = Rollout.objects.filter(state__in=UNDER_WAY)
    owner = "registered_model__owner"
    return [
        # A review queue may be long: by when it was submitted, the index that orders the queue finds its first.
        *_standing("version", versions.select_related(owner), order="submitted_at"),
        *_standing("build", builds.select_related(f"version__{owner}"), order="state_changed_at"),
        *_standing("rollout", rollouts.select_related(f"version__{owner}"), order="state_changed_at"),
    ]


def waiting_jobs() -> list[Waiting]:
    """The work queue, per kind and state, without what is done; one query."""
    jobs = Job.objects.exclude(state=JobState.SUCCEEDED).order_by("kind", "state").values_list("kind", "state")
    moments = (Min("run_after"), Min("claimed_at"), Min("finished_at"))
    rows = []
    for kind, state, count, due, claimed, finished in jobs.annotate(Count("pk"), *moments):
        oldest = {JobState.QUEUED: due, JobState.RUNNING: claimed}.get(state, finished)
        rows.append(Waiting(kind=kind, state=state, count=count, oldest=oldest))
    return rows


def newest_failures() -> list[ImageBuild | Rollout]:
    """Builds and rollouts that failed last, mended or not; two queries."""
    related = "version__registered_model__owner"
    builds = ImageBuild.objects.filter(state=ImageBuildState.FAILED).select_related(related)
    rollouts = Rollout.objects.filter(state=RolloutState.FAILED).select_related(related)
    rows: list[ImageBuild | Rollout] = [
        *builds.order_by("-state_changed_at")[:NEWEST_FAILURES],
        *rollouts.order_by("-state_changed_at")[:NEWEST_FAILURES],
    ]
    return sorted(rows, key=lambda row: row.state_changed_at, reverse=True)[:NEWEST_FAILURES]


def ended_builds(*, newest: int = 24) -> list[ImageBuild]:
    """The builds that ended last, oldest first."""
    ended = ImageBuild.objects.filter(
        state__in=[ImageBuildState.SUCCEEDED, ImageBuildState.FAILED], finished_at__isnull=False
    )
    return list(ended.order_by("-finished_at", "-pk")[:newest])[::-1]


def seconds_of(build: ImageBuild) -> float:
    """From a build's queueing to its end."""
    return (build.finished_at - build.created_at).total_seconds() if build.finished_at else 0.0


def _standing(what: str, rows: QuerySet[Any], *, order: str) -> Iterator[Standing]:
    """How many are in each state that any is in, with the first by the field `order`."""
    counted = dict(rows.order_by().values_list("state").annotate(count=Count("pk")))
    for state, count in sorted(counted.items()):
        oldest = rows.filter(state=state).order_by(order, "pk").first()
        if oldest is not None:  # it went on between the two queries
            yield Standing(what=what, state=state, count=count, oldest=oldest, since=oldest.state_changed_at)
