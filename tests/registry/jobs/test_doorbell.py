"""The bell: rung after the commit, with an id and nothing else, and no harm if it is silent."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import OperationalError
from django.db import transaction
from django.test import TestCase

from registry import tasks
from registry.circuit_breaker import CircuitBreaker
from registry.jobs import queue, sweep
from registry.models import Job
from registry.tasks import ring
from tests.registry.jobs.conftest import Work

Capture = Callable[..., Any]


@pytest.fixture(autouse=True)
def _fresh_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bell of a process that has not rung yet."""
    monkeypatch.setattr(tasks, "bell", CircuitBreaker(pause=60))


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would have been sent to the broker."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.run_job, "apply_async", lambda **message: sent.append(message))
    return sent


@pytest.fixture
def silent_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_message: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.run_job, "apply_async", away)


def test_the_message_is_the_id(
    db: None, bell: list[dict[str, Any]], django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        ring([4, 2])
        assert bell == []

    assert bell == [{"args": (4,), "retry": False}, {"args": (2,), "retry": False}]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_rung_for_what_is_rolled_back(bell: list[dict[str, Any]]) -> None:
    def ring_and_break() -> None:
        with transaction.atomic():
            ring([1])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ring_and_break()

    assert bell == []


def test_no_work_rings_no_bell(
    db: None, bell: list[dict[str, Any]], django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        ring(())

    assert callbacks == []


def test_a_silent_bell_is_no_error_and_the_sweep_finds_the_job(
    work: Work,
    silent_bell: None,
    django_capture_on_commit_callbacks: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep, "_SWEEPERS", [])
    jobs = [work.job(str(number)) for number in range(10)]

    with django_capture_on_commit_callbacks(execute=True):
        ring(job.pk for job in jobs)

        for job in jobs:  # further pages, which leave the bell alone for a while
            ring([job.pk])

    assert caplog.text.count("the doorbell is silent") == 1, "one warning, and one wait for all jobs and pages"
    assert set(sweep.sweep_once(holder="a")) == {job.pk for job in jobs}


def test_the_task_does_the_job_and_rings_what_became_due(
    work: Work, bell: list[dict[str, Any]], django_capture_on_commit_callbacks: Capture
) -> None:
    job, next_job = work.job("a"), work.job("b")
    work.handle = lambda _claim: (next_job.pk,)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.run_job.run(job.pk)

    assert Job.objects.get(pk=job.pk).state == "succeeded"
    assert bell == [{"args": (next_job.pk,), "retry": False}]


def test_a_job_without_a_ring_is_found_by_the_sweep(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process died between its commit and the ring."""
    monkeypatch.setattr(sweep, "_SWEEPERS", [])
    job_id = queue.ensure_job(kind=work.name, subject_id=1, key="x")

    assert sweep.sweep_once(holder="a") == (job_id,)


RETRIES_SECONDS = 10


@pytest.fixture
def job(work: Work) -> Job:
    return work.job()


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "sqla+sqlite:////dev/null/doorbell.sqlite3"])
def test_a_broker_that_is_away_does_not_keep_a_page_waiting(
    address: str, job: Job, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = Celery("away", broker=address, set_as_current=False)
    away.conf.broker_transport_options = settings.REDIS_TRANSPORT_OPTIONS if address.startswith("redis") else {}
    away.finalize(auto=True)
    monkeypatch.setattr(tasks, "run_job", away.tasks["registry.run_job"])
    away.connection().get_transport_cls()  # the first to ring imports it, which is nobody's waiting for a broker
    began = time.monotonic()

    with TestCase.captureOnCommitCallbacks(execute=True):
        ring([job.pk])

    # Far above what one refused connection takes on a busy machine, and far below what retries would.
    assert time.monotonic() - began < RETRIES_SECONDS
    assert "the doorbell is silent" in caplog.text


def test_what_was_heard_is_forgotten(tmp_path: Path) -> None:
    """Also what earlier releases left behind: every look would read past it."""
    path = tmp_path / "doorbell.sqlite3"
    with Celery("heard", broker=f"sqla+sqlite:///{path}", set_as_current=False).connection() as connection:
        queue = connection.SimpleQueue("celery")
        numbers = list(range(20))
        for number in numbers:
            queue.put(number)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(
                "INSERT INTO kombu_message (visible, payload, version, queue_id) "
                "SELECT 0, payload, 1, queue_id FROM kombu_message"
            )

        heard = [queue.get(timeout=10) for _ in numbers]

        assert [message.payload for message in heard] == numbers
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT count(*) FROM kombu_message").fetchone() == (0,)
        queue.close()
