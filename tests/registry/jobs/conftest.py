from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.errors import PortalError
from registry.jobs import kinds, queue
from registry.jobs.kinds import Handler, JobKind
from registry.jobs.queue import Claim
from registry.models import Job

DEADLINE = timedelta(minutes=30)


class Clock:
    """The portal's time, moved by hand."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


class Work:
    """A kind of work for tests: does what it is told and writes down what it was asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.done: list[Claim] = []
        self.failed: list[str] = []
        self.handle: Handler = lambda _claim: ()
        self.on_failure: Handler = lambda _claim: ()

    def __call__(self, claim: Claim) -> tuple[int, ...]:
        self.done.append(claim)
        return self.handle(claim)

    def fail(self, claim: Claim, error: PortalError) -> tuple[int, ...]:
        self.failed.append(error.code)
        return self.on_failure(claim)

    def job(self, key: str = "a", **fields: Any) -> Job:
        return Job.objects.get(pk=queue.ensure_job(kind=self.name, subject_id=1, key=key, **fields))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timezone, "now", made)
    return made


@pytest.fixture
def make_work(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Work]:
    def make(name: str = "probe", max_failures: int = 5) -> Work:
        work = Work(name)
        kind = JobKind(name=name, handle=work, on_failure=work.fail, deadline=DEADLINE, max_failures=max_failures)
        monkeypatch.setitem(kinds._KINDS, name, kind)
        return work

    return make


@pytest.fixture
def work(make_work: Callable[..., Work], db: None) -> Work:
    return make_work()
