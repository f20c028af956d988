"""The doorbell: one Celery task, one message, one id."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from celery import shared_task
from django.db import transaction

from registry.circuit_breaker import CircuitBreaker
from registry.jobs import runner

logger = logging.getLogger(__name__)
# A broker that hangs costs the first page that rings a few seconds; those behind it leave the bell alone.
bell = CircuitBreaker(pause=5.0)


@shared_task(name="registry.run_job", ignore_result=True)
def run_job(job_id: int) -> None:
    """Do one job. Entry: queued, or running under a dead lease. Exit: succeeded, failed, or queued again."""
    ring(runner.run_job(job_id=job_id))


def ring(job_ids: Iterable[int]) -> None:
    """Tell the workers, after the commit. A bell that cannot be rung is not an error: the sweep finds the job."""
    ids = tuple(job_ids)
    if ids:
        transaction.on_commit(lambda: _send(ids))


def _send(job_ids: tuple[int, ...]) -> None:
    if not bell.allows():
        return
    for job_id in job_ids:
        try:
            run_job.apply_async(args=(job_id,), retry=False)
        except Exception:
            # Every broker library raises its own types here, and none may reach the page.
            logger.warning("the doorbell is silent; the sweep will start job %s", job_id, exc_info=True)
            bell.failed()
            return
    bell.succeeded()
