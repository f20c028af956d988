"""All checks in their order, each on its own: one that breaks does not keep the others from answering."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import Error as DatabaseError

from registry.checks import description, files, model
from registry.checks.results import CheckResult, Finding
from registry.checks.subject import Evidence, Progress, Subject, subject_of
from registry.errors import PortalError, TransientError, plain_params
from registry.interfaces import Verdict
from registry.jobs.queue import FencedError
from registry.models import ModelVersion

logger = logging.getLogger(__name__)
Report = Callable[[str, int, int], None]
"""Called with (name of the check, files done, files in all); (name, 0, 0) where nothing is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDefinition:
    """A check. One that is not required never blocks a version: if it breaks, that is a warning."""

    name: str
    run: Callable[[Subject, Evidence, Progress], Finding]
    required: bool = True


CHECKS = (
    CheckDefinition(name="names", run=files.check_names),
    CheckDefinition(name="size", run=files.check_size),
    CheckDefinition(name="format", run=files.check_format),
    CheckDefinition(name="scan", run=files.check_scan),
    CheckDefinition(name="introspection", run=model.check_introspection, required=False),
    CheckDefinition(name="runtime", run=model.check_runtime),
    CheckDefinition(name="card", run=description.check_card),
    CheckDefinition(name="licence", run=description.check_licence),
    CheckDefinition(name="examples", run=description.check_examples),
)


def run_checks(
    *, version: ModelVersion, frozen: bool, report: Report | None = None, evidence: Evidence | None = None
) -> tuple[CheckResult, ...]:
    """Run every check on the content as it is now, and write nothing. What was found out is left in `evidence`.

    Raises `TransientError` and the database's errors (the job repeats) and `FencedError` (another worker goes on): they
    say nothing about the model. Any other failure within a check becomes that check's answer.
    """
    subject = subject_of(version, frozen=frozen)
    evidence = Evidence() if evidence is None else evidence
    return tuple(_run(check, subject, evidence, report or _ignore) for check in CHECKS)


def _run(check: CheckDefinition, subject: Subject, evidence: Evidence, report: Report) -> CheckResult:
    def progress(done: int, total: int) -> None:
        report(check.name, done, total)

    progress(0, 0)
    began = time.perf_counter()
    broken = Verdict.FAIL if check.required else Verdict.WARN
    try:
        finding = check.run(subject, evidence, progress)
    except (TransientError, FencedError, DatabaseError):
        raise
    except PortalError as error:
        logger.warning("check %s could not finish: %s", check.name, error)
        finding = Finding(verdict=broken, code=error.code, params=plain_params(error.params))
    except Exception:
        logger.exception("check %s failed unexpectedly", check.name)
        finding = Finding(verdict=broken, code="check.crashed", params={"check": check.name})
    milliseconds = round((time.perf_counter() - began) * 1000)
    return CheckResult(name=check.name, required=check.required, finding=finding, duration_ms=milliseconds)


def _ignore(_name: str, _done: int, _total: int) -> None:
    """Report to nobody."""
