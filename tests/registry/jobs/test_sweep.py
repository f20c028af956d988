from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from registry.jobs import queue, runner, sweep
from registry.jobs.queue import Claim
from registry.models import Job, Lease
from tests.registry.jobs.conftest import DEADLINE, Clock, Work


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> list[sweep.Sweeper]:
    """The steps of this test alone: what the apps registered has tests of its own."""
    own: list[sweep.Sweeper] = []
    monkeypatch.setattr(sweep, "_SWEEPERS", own)
    return own


def test_it_rings_what_is_due(work: Work, clock: Clock) -> None:
    due, waiting = work.job("due"), work.job("waiting", run_after=clock.now + timedelta(hours=1))
    running, abandoned = work.job("running"), work.job("abandoned")
    for job in (running, abandoned):
        queue.claim(job_id=job.pk, deadline=DEADLINE)
    Job.objects.filter(pk=abandoned.pk).update(lease_until=clock.now - timedelta(seconds=1))

    rung = sweep.sweep_once(holder="a")

    assert set(rung) == {due.pk, abandoned.pk}
    assert waiting.pk not in rung


class TestOneSweeper:
    @pytest.mark.django_db
    def test_who_holds_the_lease_keeps_it(self, clock: Clock, settings: Any) -> None:
        for _ in range(50):
            assert sweep.take_lease(holder="a")
            assert not sweep.take_lease(holder="b")
            clock.advance(seconds=settings.SWEEP_SECONDS)

    @pytest.mark.django_db
    def test_another_follows_within_two_periods(self, clock: Clock, settings: Any) -> None:
        sweep.take_lease(holder="a")

        clock.advance(seconds=settings.SWEEP_SECONDS * 2 + 1)

        assert sweep.take_lease(holder="b")
        assert not sweep.take_lease(holder="a")
        assert Lease.objects.get().holder == "b"

    @pytest.mark.django_db(transaction=True)
    def test_of_three_at_once_one_does_each_period(
        self, clock: Clock, settings: Any, steps: list[sweep.Sweeper]
    ) -> None:
        """However many sweep at once, each effect comes once."""
        effects: list[float] = []
        periods, together = 50, threading.Barrier(3, action=lambda: clock.advance(seconds=settings.SWEEP_SECONDS))

        def step() -> tuple[int, ...]:
            effects.append(clock.now.timestamp())
            return ()

        steps.append(step)
        errors: list[Exception] = []

        def run(holder: str) -> None:
            try:
                for _ in range(periods):
                    together.wait(60)
                    sweep.sweep_once(holder=holder)
            except Exception as error:  # noqa: BLE001  # the test's own thread tells of it
                errors.append(error)
                together.abort()
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(holder,)) for holder in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)

        assert errors == []
        assert len(effects) == len(set(effects)) == periods


@pytest.mark.django_db(transaction=True)
class TestASlowRound:
    """A step that waits for an outside system, by a clock that only the test moves."""

    def round(self, steps: list[sweep.Sweeper], settings: Any, *more: sweep.Sweeper) -> None:
        settings.SWEEP_SECONDS = 0.03
        steps += more
        sweep.sweep_once(holder="a")

    def test_nobody_else_sweeps_meanwhile(self, clock: Clock, settings: Any, steps: list[sweep.Sweeper]) -> None:
        taken = []

        def slow() -> tuple[int, ...]:
            for _ in range(5):
                clock.advance(seconds=settings.SWEEP_SECONDS * 1.9)
                end = time.monotonic() + 60
                while Lease.objects.get().until < clock.now + timedelta(seconds=settings.SWEEP_SECONDS * 2):
                    assert time.monotonic() < end, "no beat came"
                taken.append(sweep.take_lease(holder="b"))
            return ()

        self.round(steps, settings, slow)

        assert taken == [False] * 5

    def test_one_that_hangs_is_followed_by_another(
        self, clock: Clock, settings: Any, steps: list[sweep.Sweeper]
    ) -> None:
        def hanging() -> tuple[int, ...]:
            clock.now += sweep.LONGEST_ROUND
            assert sweep.take_lease(holder="b")
            return ()

        self.round(steps, settings, hanging)

        assert Lease.objects.get().holder == "b"


def test_each_step_is_a_sign_of_life(clock: Clock, steps: list[sweep.Sweeper], db: None) -> None:
    signs: list[str] = []

    def broken() -> tuple[int, ...]:
        signs.append("step")
        raise OSError

    steps += [broken, lambda: ()]

    sweep.sweep_once(holder="a", alive=lambda: signs.append("alive"))

    assert signs == ["alive", "step", "alive"]


class TestQueuedIsNotDead:
    def test_waiting_long_costs_nothing(self, work: Work, clock: Clock, settings: Any) -> None:
        """With every worker held up, no job fails for its age in the queue."""
        jobs = [work.job(str(number)) for number in range(20)]

        for _ in range(120):
            clock.advance(seconds=settings.SWEEP_SECONDS)
            assert len(sweep.sweep_once(holder="a")) == len(jobs)

        assert set(Job.objects.values_list("state", "failures", "attempt")) == {("queued", 0, 0)}
        for job in jobs:
            runner.run_job(job_id=job.pk)
        assert set(Job.objects.values_list("state", "failures")) == {("succeeded", 0)}

    def test_a_job_at_work_has_its_whole_deadline(self, work: Work, clock: Clock) -> None:
        job = work.job()
        clock.advance(days=1)
        held = queue.claim(job_id=job.pk, deadline=DEADLINE)
        assert held

        clock.now += DEADLINE
        held.heartbeat()

        assert sweep.sweep_once(holder="a") == ()
        assert Job.objects.get().state == "running"


class TestOverdue:
    def overdue(self, work: Work, clock: Clock, key: str = "a") -> Job:
        job = work.job(key)
        assert queue.claim(job_id=job.pk, deadline=timedelta(seconds=1))
        clock.advance(seconds=2)
        return job

    def test_what_takes_too_long_is_ended_with_its_subject(self, work: Work, clock: Clock) -> None:
        job = self.overdue(work, clock)
        work.on_failure = lambda _claim: (99,)

        assert sweep.sweep_once(holder="a") == (99,)

        job.refresh_from_db()
        assert (job.state, job.last_error, work.failed) == ("failed", "job.deadline", ["job.deadline"])
        assert job.last_error_params == {"job_id": job.pk}

    def test_its_worker_learns_of_it_at_its_next_write(self, work: Work, clock: Clock) -> None:
        job = work.job()

        def slow(claim: Claim) -> tuple[int, ...]:
            clock.now += DEADLINE + timedelta(seconds=1)
            sweep.sweep_once(holder="a")
            claim.report(phase="still at it")
            raise AssertionError("a write after the end")

        work.handle = slow
        assert runner.run_job(job_id=job.pk) == ()

        job.refresh_from_db()
        assert (job.state, job.last_error, job.phase) == ("failed", "job.deadline", "")

    def test_one_that_cannot_be_ended_holds_nobody_up(
        self, work: Work, make_work: Callable[..., Work], clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        stuck = self.overdue(work, clock)
        Job.objects.filter(pk=stuck.pk).update(kind="of_a_newer_portal")
        other = make_work("other").job("b", run_after=clock.now)
        ended = self.overdue(work, clock, "c")

        assert sweep.sweep_once(holder="a") == (other.pk,)

        ended.refresh_from_db()
        assert ended.state == "failed"
        assert "of_a_newer_portal" in caplog.text


class TestClearing:
    def test_work_done_long_ago_is_cleared_away_and_what_failed_stays(
        self, work: Work, clock: Clock, settings: Any
    ) -> None:
        for key in ("done", "failed"):
            runner.run_job(job_id=work.job(key).pk)
        Job.objects.filter(key="failed").update(state="failed")
        waiting = work.job("waiting")

        clock.advance(days=settings.JOB_HISTORY_DAYS - 1)
        sweep.sweep_once(holder="a")
        assert Job.objects.count() == 3

        clock.advance(days=2)
        assert sweep.sweep_once(holder="a") == (waiting.pk,)
        assert set(Job.objects.values_list("key", flat=True)) == {"failed", "waiting"}

    def test_work_that_waited_long_is_kept_from_its_end_on(self, work: Work, clock: Clock, settings: Any) -> None:
        job = work.job()
        clock.advance(days=settings.JOB_HISTORY_DAYS + 1)
        runner.run_job(job_id=job.pk)

        sweep.sweep_once(holder="a")

        assert Job.objects.filter(pk=job.pk).exists()

    def test_a_round_clears_only_so_many(self, work: Work, clock: Clock) -> None:
        for number in range(3):
            runner.run_job(job_id=work.job(str(number)).pk)
        clock.advance(days=1)

        assert queue.clear_succeeded(kept=timedelta(hours=1), limit=2) == 2
        assert Job.objects.count() == 1


def test_a_broken_step_does_not_keep_the_others_from_running(
    work: Work, steps: list[sweep.Sweeper], caplog: pytest.LogCaptureFixture
) -> None:
    job = work.job()

    def broken() -> tuple[int, ...]:
        raise OSError("disk away")

    steps.extend([broken, lambda: (-1, -2)])

    assert sweep.sweep_once(holder="a") == (-1, -2, job.pk)
    assert "disk away" in caplog.text


def test_a_job_is_rung_once_per_round(work: Work, steps: list[sweep.Sweeper]) -> None:
    job = work.job()
    steps.append(lambda: (job.pk, job.pk))

    assert sweep.sweep_once(holder="a") == (job.pk,)


def test_registering_a_step_twice_runs_it_once(steps: list[sweep.Sweeper]) -> None:
    def step() -> tuple[int, ...]:
        return ()

    sweep.register_sweeper(step)
    sweep.register_sweeper(step)

    assert steps == [step]
