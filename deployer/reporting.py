"""How far a job is, written often enough to be watched and seldom enough to cost nothing."""

from __future__ import annotations

import time

from deployer import services, trial
from deployer.interfaces import Progress
from deployer.models import ImageBuild
from registry.jobs.queue import Claim

PROGRESS_SECONDS = 0.5
LOG_SECONDS = 1.0


def packaging(claim: Claim) -> Progress:
    """Bytes of an image as they are read or sent."""
    report = throttled(claim)
    return lambda done, total: report("packaging", done, total)


def logged(claim: Claim, build: ImageBuild) -> Progress:
    """Progress reports, with a line in the build's log at each quarter that took its time."""
    report, quarter, at = packaging(claim), 0, time.monotonic()

    def reporting(done: int, total: int) -> None:
        nonlocal quarter, at
        report(done, total)
        passed = 4 * done // total if total else 0
        if passed > quarter and time.monotonic() - at >= LOG_SECONDS:
            params = {"percent": 25 * passed, "total_bytes": total}
            with claim.writing():
                services.log_line(build=build, code="build_log.read", params=params)
            quarter, at = passed, time.monotonic()

    return reporting


def throttled(claim: Claim) -> trial.Report:
    """Progress reports, at most two a second beside the changes of step: each one is a write."""
    last, at = "", 0.0

    def report(phase: str, done: int, total: int) -> None:
        nonlocal last, at
        now = time.monotonic()
        if phase != last or now - at >= PROGRESS_SECONDS:
            last, at = phase, now
            claim.report(phase=phase, done=done, total=total)

    return report
