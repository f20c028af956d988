"""What the sweep saw of the cups, and the work that brings wanted and actual together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from deployer.errors import PortalError, plain_params
from deployer.models import Health, Rollout, RolloutState
from deployer.sync import COMPARED, SILENT_AFTER
from registry.events import record_event
from registry.jobs.queue import Due, ensure_job, requeue
from registry.models import Job, JobState, Lease

DOWN = frozenset({Health.DEGRADED, Health.MISSING})
UNPAUSED = timedelta(seconds=20)
LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at a cup. `code` is a message id where something is wrong."""

    health: Health
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    restarts: int = 0


def note_health(*, rollout: Rollout, seen: Observation) -> bool:
    """Write down how a rollout's replica does, with an event when it went down or came back; whether that changed.

    Health is no state: it is what was seen last, and only the sweep writes it here. A replica in service that is being
    started went down before, and counts as down until it answers.
    """
    health = seen.health
    if rollout.state == RolloutState.READY and health == Health.PROGRESSING:
        health = Health.DEGRADED
    before = (rollout.health, rollout.health_code, rollout.restarts)
    if before == (health, seen.code, seen.restarts):
        return False
    changes: dict[str, Any] = {"health": health, "health_code": seen.code, "restarts": seen.restarts}
    changes["health_params"] = dict(seen.params)
    if health != rollout.health:
        changes["health_changed_at"] = timezone.now()
    with transaction.atomic():
        # The state is part of the condition: a rollout that just ended must not report a recovery.
        rows = Rollout.objects.filter(pk=rollout.pk, state=rollout.state, health=rollout.health)
        if not rows.update(**changes):
            return False
        tag = _event(rollout, seen, health)
        if tag:
            record_event(
                tag=tag,
                subject=f"rollout:{rollout.pk}",
                actor=None,
                version=rollout.version,
                reason=seen.code,
                digest=rollout.image_digest,
            )
    for name, value in changes.items():
        setattr(rollout, name, value)
    return True


def note_not_brought_back(*, rollout: Rollout, error: PortalError) -> None:
    """Say why a cup that is down stays down, in place of what ended it; an event tells each new reason once.

    Call it in the fenced transaction of the job.
    """
    if rollout.state != RolloutState.READY or rollout.health_code == error.code:
        return
    params = plain_params(error.params)
    rows = Rollout.objects.filter(pk=rollout.pk, state=RolloutState.READY)
    health = rollout.health if rollout.health in DOWN else Health.DEGRADED
    if rows.update(health=health, health_code=error.code, health_params=params, health_changed_at=timezone.now()):
        record_event(
            tag="rollout:degraded",
            subject=f"rollout:{rollout.pk}",
            actor=None,
            version=rollout.version,
            reason=error.code,
            digest=rollout.image_digest,
        )


def note_compared() -> None:
    """Write down that every cup was just held against what is wanted."""
    until = timezone.now() + SILENT_AFTER
    if not Lease.objects.filter(name=COMPARED).update(until=until):
        Lease.objects.get_or_create(name=COMPARED, defaults={"holder": "", "until": until})


def queue_convergence(rollout: Rollout) -> Due:
    """Make it due to bring a dead cup back.

    The longer it has been down, the longer the pause after an attempt that failed: each reads all its files again. One
    that is being made is not asked for again, as it would follow without that pause.
    """
    key = f"converge:{rollout.pk}"
    now = timezone.now()
    pause = min(LONGEST_PAUSE, (now - rollout.health_changed_at - UNPAUSED) / 4)
    resting = Q(state=JobState.FAILED, finished_at__gt=now - pause) if pause > timedelta() else Q(pk__in=[])
    if Job.objects.filter(Q(state=JobState.RUNNING) | resting, key=key).exists():
        return ()
    return (requeue(key=key) or ensure_job(kind="converge_cup", subject_id=rollout.pk, key=key),)


def queue_stop(rollout: Rollout, *, run_after: datetime | None = None) -> Due:
    """Make it due to take a cup away, now or at a moment."""
    key = f"stop_cup:{rollout.pk}"
    return (requeue(key=key) or ensure_job(kind="stop_cup", subject_id=rollout.pk, key=key, run_after=run_after),)


def note_stopped(*, rollout: Rollout) -> None:
    """Forget the health of a cup that is gone on purpose, unless the rollout was asked for again meanwhile.

    Call it in the fenced transaction of the job.
    """
    wanted = [RolloutState.PENDING, RolloutState.APPLYING, RolloutState.READY]
    Rollout.objects.filter(pk=rollout.pk).exclude(state__in=wanted).update(
        health=Health.UNKNOWN, health_changed_at=timezone.now(), health_code="", health_params={}
    )


def _event(rollout: Rollout, seen: Observation, health: Health) -> str:
    if rollout.state != RolloutState.READY:
        return ""
    if health in DOWN and rollout.health not in DOWN:
        return "rollout:degraded"
    if health == Health.HEALTHY and rollout.health in DOWN:
        return "rollout:recovered"
    if health == Health.HEALTHY and seen.code and rollout.health_code != seen.code:
        return "rollout:unrouted" if seen.code.startswith("route.") else "rollout:drifted"
    if health == Health.HEALTHY and rollout.misses_its_route and not seen.code:
        return "rollout:recovered"
    return ""
