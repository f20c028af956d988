"""The role of a probe, what it finds, and asking all of them at once within a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from registry.errors import PortalError
from registry.interfaces import Verdict

logger = logging.getLogger(__name__)
TIMEOUT = 20.0
"""Seconds that all parts together may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What works (PASS), is worth mending (WARN) or keeps the portal from working (FAIL); `code` is a message id."""

    verdict: Verdict
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReport:
    """What one part said. `part` is a message id too; `seconds` how long it took to say so."""

    part: str
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings."""
        found = {finding.verdict for finding in self.findings}
        return next((each for each in (Verdict.FAIL, Verdict.WARN) if each in found), Verdict.PASS)


class BackendProbe(Protocol):
    """Asks one outside system. `part` is the message id of its name."""

    part: str

    def ask(self) -> Iterator[Finding]:
        """What is found, as it is found. Every call has a timeout; an error of the portal's ends it as a failure."""


def works(code: str, **params: object) -> Finding:
    """A finding that asks nothing of anybody."""
    return Finding(verdict=Verdict.PASS, code=code, params=params)


def warns(code: str, **params: object) -> Finding:
    """A finding that an operator should look at."""
    return Finding(verdict=Verdict.WARN, code=code, params=params)


def fails(code: str, **params: object) -> Finding:
    """A finding that an operator must mend."""
    return Finding(verdict=Verdict.FAIL, code=code, params=params)


def ask_all(probes: Iterable[BackendProbe], *, timeout: float = TIMEOUT) -> list[PartReport]:
    """Ask all at once; a part that has not ended in time is reported with what it said until then."""
    talks = [_Talk(probe) for probe in probes]
    end = time.monotonic() + timeout
    return [talk.report(until=end) for talk in talks]


class _Talk:
    """One probe in a thread of its own, which nobody waits for longer than agreed."""

    def __init__(self, probe: BackendProbe) -> None:
        self._probe = probe
        self._findings: list[Finding] = []
        self._began = time.monotonic()
        self._seconds = 0.0
        self._thread = threading.Thread(target=self._ask, name=f"probe-{probe.part}", daemon=True)
        self._thread.start()

    def report(self, *, until: float) -> PartReport:
        self._thread.join(max(until - time.monotonic(), 0.0))
        findings = tuple(self._findings)
        if self._thread.is_alive():
            self._seconds = time.monotonic() - self._began
            findings += (fails("probe.silent", seconds=round(self._seconds)),)
        return PartReport(part=self._probe.part, findings=findings, seconds=round(self._seconds, 3))

    def _ask(self) -> None:
        try:
            for finding in self._probe.ask():
                self._findings.append(finding)
        except PortalError as error:
            self._findings.append(fails(error.code, **error.params))
        except Exception as error:
            logger.exception("%s could not be asked", self._probe.part)
            self._findings.append(fails("probe.broken", error=type(error).__name__))
        finally:
            self._seconds = time.monotonic() - self._began
