"""The two statuses of what is served, kept apart: sync (is what should run what runs?) and health (how does it do?)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from deployer.models import Endpoint, Health, ImageBuild, ImageBuildState, Rollout, RolloutState
from registry.jobs.sweep import LEASE
from registry.models import Lease, VersionState

COMPARED = "compared"
"""The lease by which what was compared last counts; it begins with each comparison, and nobody holds it."""
SILENT_AFTER = timedelta(seconds=60)
_UNDER_WAY = (RolloutState.PENDING, RolloutState.APPLYING)
_UNBUILT = (ImageBuildState.QUEUED, ImageBuildState.BUILDING, ImageBuildState.FAILED)


class Sync(StrEnum):
    """Whether wanted and actual agree."""

    SYNCED = "synced"
    OUT_OF_SYNC = "out_of_sync"
    UNKNOWN = "sync_unknown"


def is_swept() -> bool:
    """Whether a worker's sweep is alive, be it that it waits for an answer."""
    until = Lease.objects.filter(name=LEASE).values_list("until", flat=True).first()
    length = timedelta(seconds=settings.SWEEP_SECONDS * 2)
    return until is not None and until - length > timezone.now() - SILENT_AFTER


def last_comparison() -> datetime | None:
    """When wanted and actual were compared last; None if they never were.

    A sweep that hangs, or that the serving backend does not answer, compares nothing, however alive it is.
    """
    until = Lease.objects.filter(name=COMPARED).values_list("until", flat=True).first()
    return None if until is None else until - SILENT_AFTER


def is_compared(last: datetime | None) -> bool:
    """Whether somebody compares wanted with actual, as the sweep does every few seconds."""
    return last is not None and last > timezone.now() - SILENT_AFTER


def sync_of(rollout: Rollout, *, compared: bool) -> Sync:
    """Whether one rollout runs as it should. `compared` is false while the sweep is silent: then nobody knows."""
    if not compared:
        return Sync.UNKNOWN
    if rollout.state == RolloutState.READY:
        running = rollout.health not in {Health.MISSING, Health.UNKNOWN} and not rollout.misses_its_route
        return Sync.SYNCED if running and rollout.endpoint.current_id == rollout.pk else Sync.OUT_OF_SYNC
    if rollout.state in {RolloutState.SUPERSEDED, RolloutState.RETIRED}:
        # Nothing of it should run: the sweep forgets the health of a cup that is gone.
        return Sync.SYNCED if rollout.health == Health.UNKNOWN else Sync.OUT_OF_SYNC
    return Sync.OUT_OF_SYNC


def health_word(rollout: Rollout) -> str:
    """How the rollout's replica does, as a status word; one that was stopped on purpose is suspended, not unknown."""
    if rollout.health != Health.UNKNOWN:
        return str(rollout.health)
    if rollout.state in {RolloutState.SUPERSEDED, RolloutState.RETIRED}:
        return "suspended"
    return "missing" if rollout.state in {RolloutState.PENDING, RolloutState.FAILED} else "unknown"


def with_sync(endpoints: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
    """Endpoints with their newest rollout (`newest_id`, `newest_state`) and whether a newer version is `unbuilt`."""
    newest = Rollout.objects.filter(endpoint=OuterRef("pk")).order_by("-pk")
    approved = Q(version__state=VersionState.APPROVED, version__registered_model=OuterRef("registered_model"))
    unbuilt = ImageBuild.objects.filter(approved, state__in=_UNBUILT, pk__gt=OuterRef("current_build"))
    return endpoints.annotate(
        newest_id=Subquery(newest.values("pk")[:1]),
        newest_state=Subquery(newest.values("state")[:1]),
        current_build=F("current__build"),
    ).annotate(unbuilt=Exists(unbuilt))


def sync_of_endpoint(
    *, current: Rollout | None, newest_id: int | None, newest_state: str, unbuilt: bool, compared: bool
) -> Sync:
    """Whether an endpoint answers with the version that was approved last; the facts are those of `with_sync`."""
    if not compared:
        return Sync.UNKNOWN
    if current is None:
        return Sync.OUT_OF_SYNC if newest_state in {*_UNDER_WAY, RolloutState.FAILED} else Sync.SYNCED
    behind = newest_id != current.pk and newest_state in {*_UNDER_WAY, RolloutState.FAILED}
    missing = current.health in {Health.MISSING, Health.UNKNOWN} or current.misses_its_route
    return Sync.OUT_OF_SYNC if behind or unbuilt or missing else Sync.SYNCED


def health_of_endpoint(*, current: Rollout | None, newest_state: str) -> str:
    """How the endpoint's replica does; without one it is starting for the first time, missing, or suspended."""
    if current is not None:
        return health_word(current)
    if newest_state in _UNDER_WAY:
        return "progressing"
    return "suspended" if newest_state == RolloutState.RETIRED else "missing"
