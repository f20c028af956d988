"""Rollouts: from waiting to serving, to being replaced."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from deployer import phases
from deployer.errors import ConflictError, ForbiddenError, PortalError
from deployer.lifecycle import ROLLOUT, move
from deployer.models import Endpoint, Health, Rollout, RolloutState
from deployer.services.blame import failure_of
from deployer.services.health import queue_stop
from registry.events import Actor, record_event
from registry.jobs.queue import Due, ensure_job, requeue
from registry.listing import refresh_listing
from registry.models import Account, ModelVersion, VersionState
from registry.permissions import may_operate, may_retry
from registry.reasons import checked_reason

UNDER_WAY = (RolloutState.PENDING, RolloutState.APPLYING)


def drain_time() -> timedelta:
    """How long a replaced cup goes on: the longest that a request which still found it may take."""
    return timedelta(seconds=settings.GATEWAY_TIMEOUT_SECONDS)


def queue_rollout(rollout: Rollout, *, actor: Actor = None, reason: str = "") -> Due:
    """Announce a new rollout and make its work due. Call it in the transaction that creates the row."""
    record_event(
        tag=f"{ROLLOUT.subject}:{RolloutState.PENDING}",
        subject=f"{ROLLOUT.subject}:{rollout.pk}",
        actor=actor,
        version=rollout.version,
        to_state=RolloutState.PENDING,
        reason=reason,
        digest=rollout.image_digest,
    )
    refresh_listing(rollout.version.registered_model_id)
    return (ensure_job(kind="roll_out", subject_id=rollout.pk, key=_key(rollout)),)


def supersede_if_late(rollout: Rollout) -> bool:
    """Replace a rollout at once whose build ended after that of a version approved later: the last approval wins."""
    later = rollout.endpoint.rollouts.filter(build__gt=rollout.build_id, state__in=[*UNDER_WAY, RolloutState.READY])
    if not later.exists():
        return False
    _supersede(rollout, stop_after=timezone.now())
    return True


def begin_rollout(*, rollout: Rollout) -> bool:
    """Move a waiting rollout to `applying`, or take up one that a lost worker left there; False if it is over.

    Call it in the fenced transaction of the job.
    """
    if rollout.state not in UNDER_WAY:
        return False
    if rollout.state == RolloutState.PENDING:
        move(
            rollout,
            machine=ROLLOUT,
            to=RolloutState.APPLYING,
            version=rollout.version,
            actor=None,
            phases=phases.after_waiting(rollout.state_changed_at),
            health=Health.PROGRESSING,
            health_changed_at=timezone.now(),
        )
    return True


def switch_traffic(*, rollout: Rollout) -> Due:
    """Let the endpoint answer with this rollout: it becomes ready, and what it replaces drains and is stopped.

    Call it in the fenced transaction of the job, after the cup has answered. A rollout that was overtaken by a newer
    one is replaced instead, one whose version is no longer approved is retired, and of one that ended meanwhile only
    the cup is taken away.
    """
    # The order everywhere: version, build, endpoint, rollouts, job. Without keys, as another transaction's event names
    # the same version: it would wait for this one, which may be waiting for the endpoint that the other one holds.
    version = ModelVersion.objects.select_for_update(no_key=True).get(pk=rollout.version_id)
    endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=rollout.endpoint_id)
    rollout.refresh_from_db(from_queryset=Rollout.objects.select_for_update(no_key=True))
    now = timezone.now()
    if rollout.state != RolloutState.APPLYING:
        return queue_stop(rollout)
    if version.state != VersionState.APPROVED:
        return retire_rollout(rollout, actor=None)
    if endpoint.current_id is not None and endpoint.current_id > rollout.pk:
        return _supersede(rollout, stop_after=now)
    move(
        rollout,
        machine=ROLLOUT,
        to=RolloutState.READY,
        version=rollout.version,
        actor=None,
        digest=rollout.image_digest,
        ready_at=now,
        phases=phases.closed(rollout.phases, at=now),
        health=Health.HEALTHY,
        health_changed_at=now,
        health_code="",
        health_params={},
        stop_after=None,
    )
    Endpoint.objects.filter(pk=endpoint.pk).update(current=rollout)
    refresh_listing(version.registered_model_id)
    due: list[int] = []
    # Each may be taken up by its own worker, or fail, at this moment: the lock tells its state as it is after that.
    held = endpoint.rollouts.select_for_update(no_key=True).order_by("pk")
    for older in held.filter(pk__lt=rollout.pk, state__in=[*UNDER_WAY, RolloutState.READY]):
        drained = now + drain_time() if older.state == RolloutState.READY else now
        due += _supersede(older, stop_after=drained)
    return tuple(due)


def fail_rollout(*, rollout: Rollout, error: PortalError) -> Due:
    """Move the rollout to `failed` with its reason and have its cup taken away. What serves now goes on untouched."""
    if rollout.state not in UNDER_WAY:
        return ()
    move(
        rollout,
        machine=ROLLOUT,
        to=RolloutState.FAILED,
        version=rollout.version,
        actor=None,
        reason=error.code,
        digest=rollout.image_digest,
        phases=phases.closed(rollout.phases),
        **failure_of(error),
    )
    return queue_stop(rollout)


def retry_rollout(*, rollout: Rollout, actor: Account) -> Due:
    """Queue a failed rollout once more. Refused while a newer version is on its way or in service."""
    if not may_retry(actor, rollout.version):
        raise ForbiddenError("rights.retry")
    with transaction.atomic():
        _require_approved(rollout.version_id)
        newer = Rollout.objects.filter(
            endpoint=rollout.endpoint_id, pk__gt=rollout.pk, state__in=[*UNDER_WAY, RolloutState.READY]
        )
        if newer.exists():
            raise ConflictError("rollout.newer_exists")
        move(
            rollout,
            machine=ROLLOUT,
            to=RolloutState.PENDING,
            version=rollout.version,
            actor=actor,
            failure_code="",
            failure_params={},
            phases=[],
        )
        key = _key(rollout)
        return (requeue(key=key) or ensure_job(kind="roll_out", subject_id=rollout.pk, key=key),)


def roll_back(*, endpoint: Endpoint, actor: Account, to: Rollout, reason: str = "") -> Due:
    """Serve an earlier version again: a new rollout of the very image that was served then."""
    if not may_operate(actor):
        raise ForbiddenError("rights.may_operate")
    if to.endpoint_id != endpoint.pk:
        raise ConflictError("rollout.other_endpoint")
    reason = checked_reason(reason)
    if to.state != RolloutState.SUPERSEDED or to.ready_at is None:
        raise ConflictError("rollout.not_replaced", state=to.state)
    with transaction.atomic():
        _require_approved(to.version_id)
        Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        again = endpoint.rollouts.filter(version=to.version_id, state__in=[*UNDER_WAY, RolloutState.READY])
        if again.exists():
            raise ConflictError("rollout.already_there")
        rollout = Rollout.objects.create(
            endpoint=endpoint, version=to.version, build=to.build, image_digest=to.image_digest
        )
        return queue_rollout(rollout, actor=actor, reason=reason)


def retire_rollout(rollout: Rollout, *, actor: Actor, reason: str = "") -> Due:
    """Take a rollout out of service for good: traffic away, then the cup. Call it in a transaction."""
    move(
        rollout,
        machine=ROLLOUT,
        to=RolloutState.RETIRED,
        version=rollout.version,
        actor=actor,
        reason=reason,
        digest=rollout.image_digest,
        phases=phases.closed(rollout.phases),
    )
    Endpoint.objects.filter(pk=rollout.endpoint_id, current=rollout).update(current=None)
    refresh_listing(rollout.version.registered_model_id)
    return queue_stop(rollout)


def _supersede(rollout: Rollout, *, stop_after: datetime) -> Due:
    move(
        rollout,
        machine=ROLLOUT,
        to=RolloutState.SUPERSEDED,
        version=rollout.version,
        actor=None,
        digest=rollout.image_digest,
        phases=phases.closed(rollout.phases),
        stop_after=stop_after,
    )
    return queue_stop(rollout, run_after=stop_after)


def _require_approved(version_id: int) -> None:
    version = ModelVersion.objects.select_for_update(no_key=True).get(pk=version_id)
    if version.state != VersionState.APPROVED:
        raise ConflictError("rollout.version_not_approved", state=version.state)


def _key(rollout: Rollout) -> str:
    return f"roll_out:{rollout.pk}"
