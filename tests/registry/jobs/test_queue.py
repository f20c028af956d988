from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from registry.jobs import queue
from registry.jobs.queue import Claim, FencedError
from registry.models import Account, Job
from tests.registry.jobs.conftest import DEADLINE, Clock, Work

LEASE = queue.lease_length


def claim(job: Job, deadline: timedelta = DEADLINE) -> Claim:
    found = queue.claim(job_id=job.pk, deadline=deadline)
    assert found is not None
    return found


def row(job: Job) -> dict[str, Any]:
    return dict(Job.objects.filter(pk=job.pk).values().get())


class TestClaiming:
    def test_a_due_job_is_claimed_once(self, work: Work, clock: Clock) -> None:
        job = work.job()

        first, second = (queue.claim(job_id=job.pk, deadline=DEADLINE) for _ in range(2))

        assert first == Claim(job_id=job.pk, attempt=1, kind="probe", subject_id=1)
        assert second is None
        assert row(job)["state"] == "running"
        assert row(job)["lease_until"] == clock.now + LEASE()

    def test_a_job_of_the_future_waits(self, work: Work, clock: Clock) -> None:
        job = work.job(run_after=clock.now + timedelta(minutes=1))
        assert queue.claim(job_id=job.pk, deadline=DEADLINE) is None
        assert queue.due_job_ids() == ()

        clock.advance(minutes=1)

        assert queue.due_job_ids() == (job.pk,)
        assert claim(job).attempt == 1

    def test_the_lease_protects_until_it_ends(self, work: Work, clock: Clock) -> None:
        job = work.job()
        claim(job)

        clock.now += LEASE()
        assert queue.claim(job_id=job.pk, deadline=DEADLINE) is None
        clock.advance(seconds=1)

        assert queue.due_job_ids() == (job.pk,)
        assert claim(job).attempt == 2
        assert (row(job)["failures"], row(job)["last_error"]) == (1, "job.worker_lost")

    def test_a_heartbeat_extends_the_lease(self, work: Work, clock: Clock) -> None:
        job = work.job()
        held = claim(job)

        for _ in range(10):
            clock.now += LEASE() / 2
            held.heartbeat()

        assert queue.claim(job_id=job.pk, deadline=DEADLINE) is None
        assert row(job)["failures"] == 0

    def test_the_deadline_counts_from_the_claim(self, work: Work, clock: Clock) -> None:
        job = work.job()
        clock.advance(days=3)

        claim(job)

        assert row(job)["deadline_at"] == clock.now + DEADLINE
        assert queue.overdue_claims() == ()

    def test_the_oldest_come_first(self, work: Work, clock: Clock) -> None:
        jobs = [work.job(key=str(n), run_after=clock.now - timedelta(minutes=n)) for n in range(5)]

        assert queue.due_job_ids(limit=3) == tuple(job.pk for job in jobs[:1:-1])

    @pytest.mark.parametrize("state", ["succeeded", "failed"])
    def test_what_has_ended_is_not_claimed(self, work: Work, state: str) -> None:
        job = work.job()
        Job.objects.filter(pk=job.pk).update(state=state)

        assert queue.claim(job_id=job.pk, deadline=DEADLINE) is None

    def test_one_key_is_one_job(self, work: Work) -> None:
        assert work.job().pk == work.job().pk
        assert Job.objects.count() == 1


def writes(held: Claim) -> dict[str, Callable[[], object]]:
    return {
        "heartbeat": held.heartbeat,
        "report": lambda: held.report(phase="late"),
        "finish": held.finish,
        "fail": lambda: held.fail(code="late"),
        "release": lambda: held.release(delay=timedelta(0), code="late"),
        "writing": lambda: write_fenced(held),
    }


def write_fenced(held: Claim) -> None:
    with held.writing():
        Account.objects.create(username="late")


@pytest.mark.parametrize("what", writes(Claim(job_id=0, attempt=0, kind="", subject_id=0)))
class TestFence:
    """A worker that slept past its lease, and whose job another has by now, writes nothing."""

    def test_a_stale_worker_writes_nothing(
        self, work: Work, clock: Clock, what: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        job = work.job()
        stale = claim(job)
        clock.advance(hours=1)
        claim(job)
        before = row(job)

        with pytest.raises(FencedError):
            writes(stale)[what]()

        assert row(job) == before
        assert not Account.objects.exists()
        assert [record.message for record in caplog.records if "fenced" in record.message] != []

    def test_nor_after_the_other_has_finished(self, work: Work, clock: Clock, what: str) -> None:
        job = work.job()
        stale = claim(job)
        clock.advance(hours=1)
        claim(job).finish()
        before = row(job)

        with pytest.raises(FencedError):
            writes(stale)[what]()

        assert row(job) == before

    def test_nor_after_the_sweep_took_it_away(self, work: Work, clock: Clock, what: str) -> None:
        job = work.job()
        stale = claim(job, deadline=timedelta(seconds=1))
        clock.advance(seconds=2)
        (taken,) = queue.overdue_claims()
        before = row(job)

        with pytest.raises(FencedError):
            writes(stale)[what]()

        assert row(job) == before
        assert taken.attempt == stale.attempt + 1


def test_what_is_written_inside_a_fence_that_fails_is_undone(work: Work) -> None:
    held = claim(work.job())

    def write_half() -> None:
        with held.writing():
            Account.objects.create(username="half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()

    assert not Account.objects.exists()


class TestEnding:
    def test_finish(self, work: Work, clock: Clock) -> None:
        job = work.job()
        again = claim(job).finish()

        found = row(job)
        assert not again
        assert (found["state"], found["finished_at"], found["lease_until"]) == ("succeeded", clock.now, None)

    def test_fail_keeps_the_reason(self, work: Work) -> None:
        job = work.job()
        claim(job).fail(code="build.full", params={"size": 3})

        found = row(job)
        assert (found["state"], found["last_error"], found["last_error_params"]) == (
            "failed",
            "build.full",
            {"size": 3},
        )

    def test_release_with_a_code_counts_as_a_failure(self, work: Work, clock: Clock) -> None:
        job = work.job()
        claim(job).release(delay=timedelta(seconds=4), code="x.y")

        found = row(job)
        assert (found["state"], found["failures"], found["last_error"]) == ("queued", 1, "x.y")
        assert found["run_after"] == clock.now + timedelta(seconds=4)

    def test_release_without_a_code_does_not(self, work: Work) -> None:
        job = work.job()
        claim(job).release(delay=timedelta(0))

        assert row(job)["failures"] == 0

    def test_progress_is_shown(self, work: Work) -> None:
        job = work.job()
        claim(job).report(phase="scan", done=3, total=9)

        found = row(job)
        assert (found["phase"], found["progress_done"], found["progress_total"]) == ("scan", 3, 9)


class TestRequeue:
    @pytest.mark.django_db
    def test_an_unknown_key_is_none(self) -> None:
        assert queue.requeue(key="nothing") is None

    @pytest.mark.parametrize("ending", ["finish", "fail"])
    def test_an_ended_job_begins_afresh(self, work: Work, clock: Clock, ending: str) -> None:
        job = work.job()
        held = claim(job)
        held.report(phase="scan", done=3, total=9)
        held.finish() if ending == "finish" else held.fail(code="x.y", params={"a": 1})
        clock.advance(minutes=1)

        assert queue.requeue(key=job.key) == job.pk

        found = row(job)
        fresh = row(work.job(key="fresh", run_after=clock.now))
        same = found.keys() - {"id", "key", "attempt", "created_at", "heartbeat_at"}
        assert {name: found[name] for name in same} == {name: fresh[name] for name in same}
        assert found["attempt"] == 1, "attempts only ever grow, or an old worker could pass for a new one"

    @pytest.mark.parametrize("ending", ["finish", "fail"])
    def test_a_running_job_is_done_once_more(self, work: Work, ending: str) -> None:
        job = work.job()
        held = claim(job)

        queue.requeue(key=job.key)
        assert row(job)["state"] == "running"
        assert held.finish() if ending == "finish" else held.fail(code="x.y")

        found = row(job)
        assert (found["state"], found["rerun"], found["failures"], found["last_error"]) == ("queued", False, 0, "")
        assert not claim(job).finish()

    def test_a_waiting_job_keeps_its_time(self, work: Work, clock: Clock) -> None:
        job = work.job(run_after=clock.now + timedelta(minutes=1))
        before = row(job)

        queue.requeue(key=job.key)

        assert row(job) == before


@pytest.fixture
def other_connection() -> Iterator[Callable[[Callable[[], object]], threading.Thread]]:
    threads = []

    def run(action: Callable[[], object]) -> threading.Thread:
        def act() -> None:
            try:
                action()
            finally:
                connection.close()

        thread = threading.Thread(target=act)
        thread.start()
        threads.append(thread)
        return thread

    yield run
    for thread in threads:
        thread.join(60)


@pytest.mark.django_db(transaction=True)
def test_a_change_is_never_missed_by_a_worker_that_begins_beside_it(
    make_work: Callable[..., Work], other_connection: Callable[[Callable[[], object]], threading.Thread]
) -> None:
    """Whoever asks for the work holds the job until the change is committed, so the worker cannot read the old one."""
    job = make_work().job()
    account = Account.objects.create(username="vera", display_name="old")
    seen = []

    def work_on_it() -> None:
        claim(job)
        seen.append(Account.objects.get(pk=account.pk).display_name)

    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(display_name="new")
        queue.requeue(key=job.key)
        worker = other_connection(work_on_it)
        worker.join(0.3)
        assert seen == []
    worker.join(60)

    assert seen == ["new"]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_gets_the_job(
    make_work: Callable[..., Work], other_connection: Callable[[Callable[[], object]], threading.Thread]
) -> None:
    work = make_work()
    for number in range(10):
        job = work.job(key=str(number))
        together = threading.Barrier(4)
        claims: list[Claim | None] = []

        def compete(
            job: Job = job, together: threading.Barrier = together, claims: list[Claim | None] = claims
        ) -> None:
            together.wait(60)
            claims.append(queue.claim(job_id=job.pk, deadline=DEADLINE))

        for thread in [other_connection(compete) for _ in range(4)]:
            thread.join(60)

        assert [found.attempt for found in claims if found] == [1]
        assert len(claims) == 4


def test_an_abandoned_job_counts_one_failure_per_loss(work: Work, clock: Clock) -> None:
    job = work.job()
    for lost in range(4):
        claim(job)
        assert row(job)["failures"] == lost
        clock.advance(hours=1)
