"""Real worker processes that are killed, stopped, told to go or left without their broker: no work is lost, none done
twice (rows 17, 18, 20, 21, 22, 28 and 29)."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from registry.jobs import queue
from registry.models import Event, Job, Lease
from tests.integration.crew import LONG, PATIENCE, Crew, done_once, make_jobs
from tests.jobs_app.work import FAILED

pytestmark = [pytest.mark.embedded, pytest.mark.django_db(transaction=True)]
ROUNDS = [1, pytest.param(20, marks=pytest.mark.long)]


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    made = Crew(tmp_path)
    yield made
    made.dismiss()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("wiped", [False, True], ids=["killed", "killed and broker wiped"])
def test_no_job_is_lost_or_done_twice(crew: Crew, rounds: int, *, wiped: bool) -> None:
    """Rows 17 and 18: at each round three jobs are rung and the whole worker is killed while it works on them."""
    crew.lease_seconds = 4
    jobs: list[Job] = []
    worker = crew.start()
    for number in range(rounds):
        before = len(crew.starts())
        new = make_jobs("quick", 3, key=str(number))
        jobs += new
        crew.ring(*new)
        crew.await_more_starts_than(before)
        time.sleep(random.random() * 0.3)  # somewhere in the work: before, inside or after its write
        crew.kill(worker)
        if wiped:
            crew.wipe_doorbell()
        worker = crew.start()

    crew.await_that(lambda: done_once(jobs))

    assert len(crew.starts()) <= len(jobs) + rounds * 2, "at most one more start for each job that was at work"
    assert not Event.objects.filter(tag=FAILED).exists()


def test_no_gap_between_commit_and_ring(crew: Crew) -> None:
    """Row 20: whatever was committed is done, although its process was killed before, at or after ringing."""
    for number in range(3):
        command = (sys.executable, "-m", "tests.jobs_app.submit_many", str(number))
        submitter = crew.start(*command, stdout=subprocess.PIPE)
        assert submitter.stdout is not None
        for _ in range(random.randrange(1, 6)):
            submitter.stdout.readline()
        crew.kill(submitter)
    jobs = list(Job.objects.all())
    assert len(jobs) >= 3

    crew.start()

    crew.await_that(lambda: done_once(jobs))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.long)])
def test_a_worker_that_wakes_up_late_writes_nothing(crew: Crew, rounds: int) -> None:
    """Row 21: stopped past its lease, and another has finished the job by then."""
    for number in range(rounds):
        started = len(crew.starts())
        (job,) = make_jobs("lasting", 1, key=str(number))
        stale = crew.run_one(job)
        crew.await_more_starts_than(started)
        os.kill(stale.pid, signal.SIGSTOP)
        crew.release(job)
        late = Job.objects.filter(pk=job.pk, lease_until__lt=Now())
        crew.await_that(late.exists)

        assert crew.run_one(job).wait(PATIENCE) == 0
        ended = Job.objects.values().get(pk=job.pk)
        assert (ended["state"], ended["attempt"]) == ("succeeded", 2)
        os.kill(stale.pid, signal.SIGCONT)

        assert stale.wait(PATIENCE) == 0
        assert Job.objects.values().get(pk=job.pk) == ended
        assert done_once([job])
    assert crew.log.read_text().count("fenced: ") >= rounds


def test_a_poison_job_ends_and_holds_nobody_up(crew: Crew) -> None:
    """Row 22: a job that kills its process, and a message that nobody can read."""
    (poison,) = make_jobs("deadly", 1, key="poison")
    others = make_jobs("quick", 20)
    worker = crew.start()
    crew.ring("garbage", poison, *others)

    crew.await_that(lambda: done_once(others))
    crew.await_that(lambda: Job.objects.filter(pk=poison.pk, state="failed").exists())

    poison.refresh_from_db()
    assert (poison.last_error, poison.failures) == ("job.worker_lost", 5)
    assert len([start for start in crew.starts() if start[0] == poison.pk]) == 5
    assert Event.objects.filter(tag=FAILED).values_list("subject", "reason").get() == (
        f"job:{poison.pk}",
        "job.worker_lost",
    )
    assert worker.poll() is None


def test_a_worker_that_is_told_to_go_lets_its_work_end(crew: Crew) -> None:
    """Row 28: it goes as soon as what it is at is done."""
    crew.lease_seconds = LONG
    (job,) = make_jobs("lasting", 1)
    worker = crew.start()
    crew.await_that(crew.starts)

    worker.send_signal(signal.SIGTERM)
    crew.release(job)

    assert worker.wait(PATIENCE) == 0
    assert done_once([job])
    assert len(crew.starts()) == 1


def test_work_that_outlasts_its_worker_is_taken_up_by_the_next(crew: Crew) -> None:
    """Row 28: `up` kills a worker that is not done when its time is over."""
    (job,) = make_jobs("lasting", 1)
    worker = crew.start()
    crew.await_that(crew.starts)

    worker.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(1)
    crew.kill(worker)
    crew.release(job)
    crew.start()

    crew.await_that(lambda: done_once([job]))
    assert [attempt for _, attempt, _ in crew.starts()] == [1, 2]


def read_then_write(times: int, results: Any) -> None:
    """What SQLite finds hardest: a read that becomes a write in one transaction."""
    seconds = []
    try:
        for _ in range(times):
            began = time.perf_counter()
            with transaction.atomic():
                assert Lease.objects.get(name="counter").holder == "test"
                Lease.objects.filter(name="counter").update(until=F("until") + timedelta(seconds=1))
            seconds.append(time.perf_counter() - began)
        results.put(seconds)
    except Exception as error:  # noqa: BLE001  # the parent shall show it
        results.put(repr(error))
    finally:
        connection.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("processes", "times", "limit"), [(4, 50, 30.0), pytest.param(8, 150, 0.5, marks=pytest.mark.long)]
)
def test_sqlite_holds_many_writers(processes: int, times: int, limit: float) -> None:
    """Row 29, with the options that the portal ships; `limit` is of the slowest percent, in seconds."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only: PostgreSQL locks rows")
    start = timezone.now()
    Lease.objects.create(name="counter", holder="test", until=start)
    connections.close_all()  # a connection may belong to one process only
    forked = multiprocessing.get_context("fork")
    results = forked.Queue()
    writers = [forked.Process(target=read_then_write, args=(times, results)) for _ in range(processes)]
    for writer in writers:
        writer.start()
    answers = [results.get(timeout=240) for _ in writers]
    for writer in writers:
        writer.join(60)

    assert [answer for answer in answers if isinstance(answer, str)] == []
    assert Lease.objects.get().until == start + timedelta(seconds=processes * times)
    slowest = statistics.quantiles([second for answer in answers for second in answer], n=100)[-1]
    assert slowest < limit, f"p99 is {slowest:.3f} s"


def test_a_claim_beside_running_workers_is_refused(crew: Crew) -> None:
    crew.lease_seconds = LONG
    (job,) = make_jobs("lasting", 1)
    crew.start()
    crew.await_that(crew.starts)

    assert queue.claim(job_id=job.pk, deadline=timedelta(minutes=1)) is None
    crew.release(job)
    crew.await_that(lambda: done_once([job]))
