"""Runs one job: claim, heartbeat in the background, do the work, end it with a verdict."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction

from registry import log_context
from registry.errors import OperatorError, PortalError, WhoActs
from registry.jobs import queue
from registry.jobs.heartbeat import beating
from registry.jobs.kinds import JobKind, kind_named
from registry.jobs.queue import Claim, FencedError
from registry.log_context import JobLabel
from registry.models import Job

logger = logging.getLogger(__name__)
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=5)


def run_job(*, job_id: int) -> tuple[int, ...]:
    """Claim and do one job; returns the ids of jobs that became due. Nothing to claim is not an error."""
    known = Job.objects.filter(pk=job_id).values_list("kind", "request_id").first()
    if known is None:
        return ()
    name, request_id = known
    try:
        kind = kind_named(name)
    except KeyError:
        logger.error("job %s is of kind %s, which this portal does not know; it stays due", job_id, name)  # noqa: TRY400  # the traceback would say nothing more
        return ()
    claim = queue.claim(job_id=job_id, deadline=kind.deadline)
    if claim is None:
        return ()
    with log_context.working_on(JobLabel(claim.job_id, claim.kind, claim.attempt), asked_by=request_id):
        return _run(claim, kind)


def _run(claim: Claim, kind: JobKind) -> tuple[int, ...]:
    try:
        if _failures(claim) >= kind.max_failures:
            return end_badly(claim=claim, kind=kind, error=OperatorError("job.worker_lost"))
        every = queue.lease_length() / 3
        with beating(lambda: _is_held(claim), every=every, name=f"job {claim.job_id}"):
            return _attempt(claim, kind)
    except FencedError:
        return ()


def end_badly(*, claim: Claim, kind: JobKind, error: PortalError) -> tuple[int, ...]:
    """Fail the job and its subject in one fenced transaction. The job ends even if its subject cannot be moved.

    What was asked for meanwhile is due once more all the same: it may be about something else than what failed.
    """
    due: tuple[int, ...] = ()
    with transaction.atomic():  # fenced by its last write
        try:
            with transaction.atomic():
                due = kind.on_failure(claim, error)
        except FencedError:
            raise
        except Exception:
            logger.exception("the subject of job %s (%s) could not be moved", claim.job_id, claim.kind)
        if claim.fail(code=error.code, params=error.params):
            due = (*due, claim.job_id)
    return due


def _attempt(claim: Claim, kind: JobKind) -> tuple[int, ...]:
    try:
        due = kind.handle(claim)
        if claim.finish():
            due = (*due, claim.job_id)
    except FencedError:
        raise
    except PortalError as error:
        return _after_error(claim, kind, error)
    except Exception:
        logger.exception("job %s (%s) failed unexpectedly", claim.job_id, claim.kind)
        return _after_error(claim, kind, OperatorError("job.unexpected", job_id=claim.job_id), repeat=True)
    return due


def _after_error(claim: Claim, kind: JobKind, error: PortalError, *, repeat: bool = False) -> tuple[int, ...]:
    failures = _failures(claim)
    if (repeat or error.who_acts is WhoActs.RETRY) and failures + 1 < kind.max_failures:
        delay = min(FIRST_RETRY * 2**failures, LONGEST_RETRY)
        claim.release(delay=delay, code=error.code, params=error.params)
        return ()
    return end_badly(claim=claim, kind=kind, error=error)


def _failures(claim: Claim) -> int:
    return Job.objects.values_list("failures", flat=True).get(pk=claim.job_id)


def _is_held(claim: Claim) -> bool:
    try:
        claim.heartbeat()
    except FencedError:
        return False  # the job's own next write is refused as well, and ends it
    return True
