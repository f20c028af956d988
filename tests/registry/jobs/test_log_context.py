"""Log lines of a job tell which job it is, and which request asked for it."""

from __future__ import annotations

import pytest

from registry import log_context
from registry.jobs import queue, runner
from registry.log_context import JobLabel
from registry.models import Job
from tests.registry.jobs.conftest import DEADLINE, Work


@pytest.fixture(autouse=True)
def _request() -> None:
    log_context.request_id.set("request-0001")


def test_a_job_tells_which_request_made_it_due(work: Work) -> None:
    job = work.job()
    log_context.request_id.set("")
    seen: list[tuple[str, JobLabel | None]] = []

    def handle(_claim: queue.Claim) -> tuple[int, ...]:
        seen.append((log_context.request_id.get(), log_context.job.get()))
        return ()

    work.handle = handle
    runner.run_job(job_id=job.pk)

    assert seen == [("request-0001", JobLabel(job.pk, work.name, 1))]
    assert (log_context.request_id.get(), log_context.job.get()) == ("", None)


def test_work_that_a_job_makes_due_belongs_to_the_same_request(work: Work) -> None:
    job = work.job("first")
    log_context.request_id.set("")
    work.handle = lambda _claim: (work.job("second").pk,)

    runner.run_job(job_id=job.pk)

    assert Job.objects.get(key="second").request_id == "request-0001"


def test_whoever_asks_again_is_the_one_who_asked(work: Work) -> None:
    job = work.job()
    claim = queue.claim(job_id=job.pk, deadline=DEADLINE)
    assert claim is not None
    claim.finish()
    log_context.request_id.set("request-0002")

    queue.requeue(key=job.key)

    log_context.request_id.set("")
    assert Job.objects.get(pk=job.pk).request_id == "request-0002"
