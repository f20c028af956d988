"""The kinds of work: each notes in the test's folder when it begins, and writes one event when it is done."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from registry.errors import PortalError
from registry.events import record_event
from registry.jobs.kinds import Handler, JobKind
from registry.jobs.queue import Claim
from registry.models import Event

DONE, FAILED = "test:done", "test:failed"


def folder() -> Path:
    return Path(settings.DATA_DIR)


def note_start(claim: Claim) -> None:
    """One line per start; a line this short is written whole."""
    with (folder() / "started").open("a") as log:
        log.write(f"{claim.job_id} {claim.attempt} {os.getpid()}\n")


def note_done(claim: Claim) -> None:
    """As every handler's: a worker that dies between this write and the end of its job is followed by another."""
    subject = f"job:{claim.job_id}"
    with claim.writing():
        if not Event.objects.filter(tag=DONE, subject=subject).exists():
            record_event(tag=DONE, subject=subject, actor=None, reason=str(claim.attempt), public=False)


def quick(claim: Claim) -> tuple[int, ...]:
    """Entry: queued. Exit: done, after a third of a second."""
    note_start(claim)
    time.sleep(0.3)
    note_done(claim)
    return ()


def lasting(claim: Claim) -> tuple[int, ...]:
    """Entry: queued. Exit: done, once the test lets it."""
    note_start(claim)
    while not (folder() / f"release-{claim.job_id}").exists():
        time.sleep(0.02)
    note_done(claim)
    return ()


def deadly(claim: Claim) -> tuple[int, ...]:
    """Entry: queued. Exit: none, as it kills its own process."""
    note_start(claim)
    os.kill(os.getpid(), signal.SIGKILL)
    return ()


def note_failure(claim: Claim, error: PortalError) -> tuple[int, ...]:
    record_event(tag=FAILED, subject=f"job:{claim.job_id}", actor=None, reason=error.code, public=False)
    return ()


def _kind(name: str, handle: Handler, max_failures: int = 5) -> JobKind:
    minutes = timedelta(minutes=5)
    return JobKind(name=name, handle=handle, on_failure=note_failure, deadline=minutes, max_failures=max_failures)


# A test that kills workers twenty times may hit one job at more than five of them.
KINDS = (_kind("quick", quick, max_failures=100), _kind("lasting", lasting), _kind("deadly", deadly))
