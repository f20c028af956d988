from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from registry.errors import OperatorError, PortalError, TransientError, UserError
from registry.jobs import queue, runner
from registry.jobs.queue import Claim, FencedError
from registry.models import Account, Job
from tests.registry.jobs.conftest import DEADLINE, Clock, Work


def raising(error: BaseException) -> Callable[[Claim], tuple[int, ...]]:
    def handle(_claim: Claim) -> tuple[int, ...]:
        raise error

    return handle


def run(job: Job) -> tuple[int, ...]:
    return runner.run_job(job_id=job.pk)


def test_work_well_done(work: Work) -> None:
    job = work.job()
    work.handle = lambda _claim: (7, 8)

    assert run(job) == (7, 8)

    job.refresh_from_db()
    assert (job.state, job.attempt, job.failures, work.failed) == ("succeeded", 1, 0, [])


def test_ringing_twice_does_it_once(work: Work) -> None:
    job = work.job()

    assert [run(job), run(job)] == [(), ()]
    assert len(work.done) == 1


def test_a_job_that_is_gone_is_nothing_to_do(work: Work) -> None:
    assert runner.run_job(job_id=12345) == ()


def test_an_unknown_kind_stays_due(db: None, caplog: pytest.LogCaptureFixture) -> None:
    job_id = queue.ensure_job(kind="of_a_newer_portal", subject_id=1, key="a")

    assert runner.run_job(job_id=job_id) == ()

    assert Job.objects.get().state == "queued"
    assert "of_a_newer_portal" in caplog.text


@pytest.mark.parametrize("error", [None, UserError("x.bad")])
def test_asked_for_again_meanwhile(work: Work, error: PortalError | None) -> None:
    """It ends as it ends, and is due once more: what failed may not be what was asked for since."""
    job = work.job()

    def asked_for(_claim: Claim) -> tuple[int, ...]:
        queue.requeue(key=job.key)
        if error is not None:
            raise error
        return ()

    work.handle = asked_for

    assert run(job) == (job.pk,)
    assert work.failed == ([] if error is None else ["x.bad"])

    work.handle = lambda _claim: ()
    assert run(job) == ()
    job.refresh_from_db()
    assert (job.state, len(work.done)) == ("succeeded", 2)


class TestRepeating:
    @pytest.mark.parametrize(
        ("error", "code"),
        [(TransientError("x.away", host="h"), "x.away"), (ValueError("a bug"), "job.unexpected")],
    )
    def test_it_is_tried_five_times_ever_later(self, work: Work, clock: Clock, error: Exception, code: str) -> None:
        job = work.job()
        work.handle = raising(error)
        waits = []

        for _ in range(4):
            run(job)
            job.refresh_from_db()
            assert (job.state, job.last_error, work.failed) == ("queued", code, [])
            waits.append((job.run_after - clock.now).total_seconds())
            assert run(job) == (), "not before its time"
            clock.now = job.run_after
        run(job)

        job.refresh_from_db()
        assert waits == [2, 4, 8, 16]
        assert (job.state, job.last_error, work.failed, len(work.done)) == ("failed", code, [code], 5)

    @pytest.mark.django_db
    def test_no_wait_is_longer_than_five_minutes(self, make_work: Callable[..., Work], clock: Clock) -> None:
        work = make_work(max_failures=30)
        job = work.job()
        work.handle = raising(TransientError("x.away"))

        for _ in range(20):
            clock.now = job.run_after
            run(job)
            job.refresh_from_db()

        assert job.run_after - clock.now == timedelta(minutes=5)

    @pytest.mark.parametrize("error", [UserError("x.bad", field="f"), OperatorError("x.broken")])
    def test_what_a_person_must_mend_is_not_repeated(self, work: Work, error: PortalError) -> None:
        job = work.job()
        work.handle = raising(error)

        run(job)

        job.refresh_from_db()
        assert (job.state, job.last_error, work.failed) == ("failed", error.code, [error.code])

    def test_the_error_s_parameters_are_kept(self, work: Work) -> None:
        job = work.job()
        work.handle = raising(UserError("x.bad", size=3, path="a"))

        run(job)

        assert Job.objects.get().last_error_params == {"size": 3, "path": "a"}

    def test_an_unexpected_error_reaches_the_log_and_no_row(self, work: Work, caplog: pytest.LogCaptureFixture) -> None:
        job = work.job()
        work.handle = raising(ValueError("secret detail"))

        run(job)

        job.refresh_from_db()
        assert "secret detail" in caplog.text
        assert "secret" not in str(job.last_error_params) + job.last_error


class TestPoison:
    """A job that kills its worker ends by itself."""

    def test_it_ends_after_five_attempts(self, work: Work, clock: Clock) -> None:
        job = work.job()
        work.handle = raising(SystemExit())  # as a killed process: nothing after it runs

        for _ in range(5):
            with pytest.raises(SystemExit):
                run(job)
            clock.advance(hours=1)
        run(job)

        job.refresh_from_db()
        assert len(work.done) == 5
        assert (job.state, job.last_error, work.failed) == ("failed", "job.worker_lost", ["job.worker_lost"])
        assert queue.due_job_ids() == ()

    def test_others_go_on_beside_it(self, work: Work, make_work: Callable[..., Work], clock: Clock) -> None:
        poison, other = work.job(), make_work("other")
        jobs = [other.job(key=str(number)) for number in range(20)]
        work.handle = raising(SystemExit())

        while due := queue.due_job_ids():
            for job_id in due:
                try:
                    runner.run_job(job_id=job_id)
                except SystemExit:
                    clock.advance(hours=1)

        assert {Job.objects.get(pk=job.pk).state for job in jobs} == {"succeeded"}
        assert len(other.done) == 20
        poison.refresh_from_db()
        assert poison.state == "failed"


class TestFailing:
    def test_job_and_subject_fail_together(self, work: Work) -> None:
        job = work.job()
        work.handle = raising(UserError("x.bad"))
        work.on_failure = lambda _claim: (Account.objects.create(username="subject").pk,)

        assert run(job) == (Account.objects.get().pk,)

    def test_a_subject_that_cannot_be_moved_does_not_keep_the_job_alive(
        self, work: Work, caplog: pytest.LogCaptureFixture
    ) -> None:
        job = work.job()
        work.handle = raising(UserError("x.bad"))

        def move_half(_claim: Claim) -> tuple[int, ...]:
            Account.objects.create(username="half")
            raise ValueError("no such state")

        work.on_failure = move_half
        assert run(job) == ()

        job.refresh_from_db()
        assert (job.state, job.last_error) == ("failed", "x.bad")
        assert not Account.objects.exists()
        assert "no such state" in caplog.text

    def test_a_worker_that_lost_the_job_fails_nothing(self, work: Work, clock: Clock) -> None:
        job = work.job()

        def too_slow(claim: Claim) -> tuple[int, ...]:
            clock.advance(hours=1)
            assert queue.claim(job_id=claim.job_id, deadline=DEADLINE) is not None
            raise UserError("x.bad")

        work.handle = too_slow
        assert run(job) == ()

        job.refresh_from_db()
        assert (job.state, job.attempt, job.last_error) == ("running", 2, "job.worker_lost")


class TestHeartbeats:
    """While the handler is silent, a thread keeps the lease."""

    @pytest.fixture
    def beats(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> threading.Semaphore:
        counted, beat = threading.Semaphore(0), Claim.heartbeat
        settings.LEASE_SECONDS = 0.03

        def count(claim: Claim) -> None:
            if threading.current_thread() is not threading.main_thread():
                counted.release()
                if self.errors:
                    raise self.errors.pop()
            beat(claim)

        self.errors: list[Exception] = []
        monkeypatch.setattr(Claim, "heartbeat", count)
        return counted

    @pytest.mark.django_db(transaction=True)
    def test_a_long_silence_is_bridged(self, make_work: Callable[..., Work], beats: threading.Semaphore) -> None:
        work = make_work()
        job = work.job()
        work.handle = lambda _claim: tuple(0 for _ in range(5) if not beats.acquire(timeout=30))

        assert run(job) == ()

        assert Job.objects.get().state == "succeeded"
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("heartbeat-")]

    @pytest.mark.django_db(transaction=True)
    def test_a_database_away_for_a_moment_does_not_end_them(
        self, make_work: Callable[..., Work], beats: threading.Semaphore, caplog: pytest.LogCaptureFixture
    ) -> None:
        work = make_work()
        job = work.job()
        self.errors = [OperationalError("away")]
        work.handle = lambda _claim: tuple(0 for _ in range(3) if not beats.acquire(timeout=30))

        assert run(job) == ()

        assert Job.objects.get().state == "succeeded"
        assert [r.levelno for r in caplog.records if "no heartbeat" in r.message] == [logging.WARNING]

    @pytest.mark.django_db(transaction=True)
    def test_a_lost_lease_ends_them(self, make_work: Callable[..., Work], beats: threading.Semaphore) -> None:
        work = make_work()
        job = work.job()

        def lose(claim: Claim) -> tuple[int, ...]:
            (thread,) = [each for each in threading.enumerate() if each.name == f"heartbeat-{claim.job_id}"]
            Job.objects.filter(pk=claim.job_id).update(attempt=9)
            beats.acquire(timeout=30)
            thread.join(30)
            assert not thread.is_alive()
            with pytest.raises(FencedError):
                claim.heartbeat()
            return ()

        work.handle = lose
        assert run(job) == ()
        assert len(work.done) == 1
