"""The work queue in the database: claim, heartbeat, fence, finish.

A claim is one conditional UPDATE that raises `attempt`. Every later write carries `attempt = mine`, so a worker
that slept past its lease can write nothing. Works alike on SQLite and PostgreSQL.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from registry import log_context
from registry.errors import plain_params
from registry.models import Job, JobState

logger = logging.getLogger(__name__)
Due = tuple[int, ...]
"""The ids of jobs that became due, for the edge to ring."""


class FencedError(Exception):
    """Another worker holds the job by now; whatever this one found out is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on a job until somebody else claims it."""

    job_id: int
    attempt: int
    kind: str
    subject_id: int

    def _mine(self) -> Any:
        return Job.objects.filter(pk=self.job_id, attempt=self.attempt, state=JobState.RUNNING)

    def heartbeat(self) -> None:
        """Extend the lease; `FencedError` if it is lost."""
        now = timezone.now()
        if not self._mine().update(heartbeat_at=now, lease_until=now + lease_length()):
            self._refuse("heartbeat")

    def report(self, *, phase: str, done: int = 0, total: int = 0) -> None:
        """Show progress; also a heartbeat."""
        now = timezone.now()
        changes = {"phase": phase, "progress_done": done, "progress_total": total}
        if not self._mine().update(heartbeat_at=now, lease_until=now + lease_length(), **changes):
            self._refuse("report")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A fenced transaction: what is written inside is undone if the claim does not hold at its end.

        The job is locked last, from there to the commit. Pages lock in the same order: the subject, then its job.
        """
        with transaction.atomic():
            if not self._mine().exists():
                self._refuse("writing")
            yield
            self.heartbeat()

    def finish(self) -> bool:
        """End the job well; True if it was asked for again meanwhile and is therefore due once more."""
        now = timezone.now()
        with transaction.atomic():
            self.heartbeat()  # locks the row between the two looks at `rerun`
            again = self._mine().filter(rerun=True)
            if again.update(state=JobState.QUEUED, rerun=False, run_after=now, lease_until=None, phase=""):
                return True
            self._mine().update(state=JobState.SUCCEEDED, finished_at=now, lease_until=None, phase="")
            return False

    def fail(self, *, code: str, params: Mapping[str, Any] | None = None) -> bool:
        """End the job badly, with the message that says who must act.

        True if it was asked for again meanwhile and is therefore due once more, as what it is about has changed.
        """
        changes = {"last_error": code, "last_error_params": plain_params(params or {})}
        with transaction.atomic():
            rows = self._mine().update(state=JobState.FAILED, finished_at=timezone.now(), lease_until=None, **changes)
            if not rows:
                self._refuse("fail")
            again = Job.objects.filter(pk=self.job_id, attempt=self.attempt, rerun=True)
            return bool(again.update(rerun=False, **_afresh()))

    def release(self, *, delay: timedelta, code: str = "", params: Mapping[str, Any] | None = None) -> None:
        """Give the job back, to be repeated after `delay`. With a code it counts as a failed attempt."""
        changes: dict[str, Any] = {"state": JobState.QUEUED, "run_after": timezone.now() + delay, "lease_until": None}
        if code:
            changes |= {
                "last_error": code,
                "last_error_params": plain_params(params or {}),
                "failures": F("failures") + 1,
            }
        if not self._mine().update(**changes):
            self._refuse("release")

    def _refuse(self, what: str) -> None:
        logger.warning("fenced: %s of job %s attempt %s", what, self.job_id, self.attempt)
        raise FencedError(f"{what} of job {self.job_id} attempt {self.attempt}")


def lease_length() -> timedelta:
    """How long a silent worker keeps its job."""
    return timedelta(seconds=settings.LEASE_SECONDS)


def ensure_job(*, kind: str, subject_id: int, key: str, run_after: datetime | None = None) -> int:
    """The id of the job of this key, created if it is new. Call it in the transaction that makes the work due."""
    job, _created = Job.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "subject_id": subject_id,
            "run_after": run_after or timezone.now(),
            "request_id": log_context.request_id.get(),
        },
    )
    return job.pk


def requeue(*, key: str) -> int | None:
    """Make a finished or failed job due again, with its failures forgotten; None if there is no such job.

    A running one is not disturbed: it is done once more when it ends, well or badly, so that no change slips between.
    """
    rows = Job.objects.filter(key=key)
    # Written whatever its state: the lock keeps a worker from claiming a queued job, and from reading the subject as
    # it was, before the caller's change is committed.
    rows.update(rerun=Q(state=JobState.RUNNING))
    ended = rows.filter(state__in=[JobState.FAILED, JobState.SUCCEEDED])
    ended.update(request_id=log_context.request_id.get(), **_afresh())
    return rows.values_list("pk", flat=True).first()


def _afresh() -> dict[str, Any]:
    """What makes an ended job like a new one, but for its attempt."""
    return {
        "state": JobState.QUEUED,
        "run_after": timezone.now(),
        "failures": 0,
        "last_error": "",
        "last_error_params": {},
        "claimed_at": None,
        "deadline_at": None,
        "finished_at": None,
        "phase": "",
        "progress_done": 0,
        "progress_total": 0,
    }


def claim(*, job_id: int, deadline: timedelta) -> Claim | None:
    """Claim a due job, or a running one whose lease ran out; None if there is nothing to claim.

    `deadline` counts from this claim, never from the job's creation: waiting in the queue is not a failure.
    """
    now = timezone.now()
    with transaction.atomic():
        due = Q(state=JobState.QUEUED, run_after__lte=now)
        abandoned = Q(state=JobState.RUNNING, lease_until__lt=now)
        # An abandoned attempt counts as a failure: its worker died or froze, perhaps by this very job's doing.
        rows = Job.objects.filter(pk=job_id)
        rows.filter(abandoned).update(failures=F("failures") + 1, last_error="job.worker_lost")
        claimed = rows.filter(due | abandoned).update(
            state=JobState.RUNNING,
            attempt=F("attempt") + 1,
            claimed_at=now,
            heartbeat_at=now,
            lease_until=now + lease_length(),
            deadline_at=now + deadline,
        )
        if not claimed:
            return None
        job = rows.get()
    return Claim(job_id=job.pk, attempt=job.attempt, kind=job.kind, subject_id=job.subject_id)


def due_job_ids(*, limit: int = 200) -> tuple[int, ...]:
    """Jobs that nobody works on although their time has come, oldest first."""
    now = timezone.now()
    due = Q(state=JobState.QUEUED, run_after__lte=now) | Q(state=JobState.RUNNING, lease_until__lt=now)
    return tuple(Job.objects.filter(due).order_by("run_after").values_list("pk", flat=True)[:limit])


def clear_succeeded(*, kept: timedelta, limit: int = 500) -> int:
    """Delete jobs that ended well longer than `kept` ago, at most `limit`; returns how many. Failed ones stay.

    One that is asked for again afterwards is simply a new job, as steps are safe to repeat.
    """
    past = timezone.now() - kept
    # `run_after` is no later than the end, and it is what the index is about.
    old = Job.objects.filter(state=JobState.SUCCEEDED, run_after__lt=past, finished_at__lt=past)
    ids = list(old.order_by("run_after").values_list("pk", flat=True)[:limit])
    return old.filter(pk__in=ids).delete()[0] if ids else 0


def overdue_claims() -> tuple[Claim, ...]:
    """Running jobs past their deadline, claimed away from whoever holds them so that the caller may end them."""
    now = timezone.now()
    taken = []
    for job in Job.objects.filter(state=JobState.RUNNING, deadline_at__lt=now):
        mine = Job.objects.filter(pk=job.pk, attempt=job.attempt, state=JobState.RUNNING)
        if mine.update(attempt=F("attempt") + 1, lease_until=now + lease_length()):
            taken.append(Claim(job_id=job.pk, attempt=job.attempt + 1, kind=job.kind, subject_id=job.subject_id))
    return tuple(taken)
