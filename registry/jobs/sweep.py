"""The sweep: rings what is due, ends what is overdue, and runs what each app registered for it.

Level-triggered and idempotent: whoever holds the lease row does it, and doing it twice does no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from registry.errors import OperatorError
from registry.jobs import queue, runner
from registry.jobs.heartbeat import beating
from registry.jobs.kinds import kind_named
from registry.jobs.queue import FencedError
from registry.models import Lease

logger = logging.getLogger(__name__)
LEASE = "sweep"
LONGEST_ROUND = timedelta(minutes=10)
"""After so long a round counts as hung, and another process may sweep."""
Sweeper = Callable[[], tuple[int, ...]]
_SWEEPERS: list[Sweeper] = []


def register_sweeper(sweeper: Sweeper) -> None:
    """Add a step to the sweep. It returns the ids of jobs that it made due."""
    if sweeper not in _SWEEPERS:
        _SWEEPERS.append(sweeper)


def take_lease(*, holder: str) -> bool:
    """Take or extend the sweep's lease; False while another process holds it."""
    now = timezone.now()
    Lease.objects.get_or_create(name=LEASE, defaults={"holder": holder, "until": now})
    mine = Lease.objects.filter(Q(holder=holder) | Q(until__lt=now), name=LEASE)
    return bool(mine.update(holder=holder, until=now + _lease_length()))


def sweep_once(*, holder: str, alive: Callable[[], object] = lambda: None) -> tuple[int, ...]:
    """One round, if this process holds the lease; returns the jobs to ring. Jobs done long ago are cleared away.

    The lease is kept while a step waits for an outside system. `alive` is called before each step.
    """
    if not take_lease(holder=holder):
        return ()
    last_beat = timezone.now() + LONGEST_ROUND
    with beating(
        lambda: timezone.now() < last_beat and take_lease(holder=holder), every=_lease_length() / 3, name="the sweep"
    ):
        return _round(alive)


def _lease_length() -> timedelta:
    return timedelta(seconds=settings.SWEEP_SECONDS * 2)


def _round(alive: Callable[[], object]) -> tuple[int, ...]:
    due = list(_end_overdue())
    for sweeper in _SWEEPERS:
        alive()
        try:
            due += sweeper()
        except Exception:
            # One broken step must not keep the others from running; it is tried again in the next round.
            logger.exception("sweep step %s failed", getattr(sweeper, "__name__", sweeper))
    queue.clear_succeeded(kept=timedelta(days=settings.JOB_HISTORY_DAYS))
    return tuple(dict.fromkeys([*due, *queue.due_job_ids()]))


def _end_overdue() -> Iterator[int]:
    for claim in queue.overdue_claims():
        try:
            yield from runner.end_badly(
                claim=claim, kind=kind_named(claim.kind), error=OperatorError("job.deadline", job_id=claim.job_id)
            )
        except FencedError:
            continue
        except Exception:
            # A job that cannot be ended, of a kind that a newer portal knows perhaps, must not keep the others waiting.
            logger.exception("overdue job %s (%s) could not be ended", claim.job_id, claim.kind)
