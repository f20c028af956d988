"""Counts prediction requests in the web process and writes them down every few seconds, away from the request."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import Error, connection

from deployer.latency import class_of
from deployer.services.figures import MINUTE, Counts, Span, add_figures

logger = logging.getLogger(__name__)
REFUSED, FAILED = 400, 500
MOST_SPANS = 10_000  # what a database that is away for long may cost in memory: a few megabytes
IDLE_ROUNDS = 12


class Meter:
    """What this process counted since it last wrote. Counting costs a lock and a few additions.

    `period` is how long counts wait, in seconds; None leaves writing to the caller. A killed process loses at most
    that much; one that ends in order writes what it has.
    """

    def __init__(
        self,
        *,
        period: float | None,
        store: Callable[[Mapping[Span, Counts]], None] = lambda counted: add_figures(counted=counted),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._period = period
        self._store = store
        self._clock = clock
        self._counted: dict[Span, Counts] = {}
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None
        self._stop = threading.Event()

    def count(self, endpoint: str, *, version_number: int, status: int, milliseconds: float) -> None:
        """Count one answered request; `version_number` is 0 where no version answered."""
        at = int(self._clock())
        span = Span(endpoint, version_number, at - at % MINUTE)
        with self._lock:
            counts = self._counted.get(span)
            if counts is None:
                if len(self._counted) >= MOST_SPANS:
                    return
                counts = self._counted[span] = Counts()
            counts.requests += 1
            counts.refused += REFUSED <= status < FAILED
            counts.failed += status >= FAILED
            counts.latencies[class_of(milliseconds)] += 1
            if self._period is not None and self._writer is None:
                self._writer = threading.Thread(target=self._write_on, name="request-figures", daemon=True)
                self._writer.start()

    def write(self) -> None:
        """Add what was counted to the database; what cannot be written now is kept for the next time."""
        with self._lock:
            counted, self._counted = self._counted, {}
        if not counted:
            return
        try:
            self._store(counted)
        except Error:
            logger.warning("request figures wait, as the database cannot be written", exc_info=True)
            connection.close_if_unusable_or_obsolete()  # nobody else opens it anew in a thread of its own
            with self._lock:
                for span, counts in counted.items():
                    known = self._counted.setdefault(span, counts)
                    if known is not counts:
                        known.add(counts)

    def stop(self) -> None:
        """Write what there is and end the writer; for the end of the process."""
        self._stop.set()
        try:
            self.write()
        finally:
            connection.close()

    def _write_on(self) -> None:
        """Write every period; ends when nothing came for a while, and the next request starts it again."""
        idle = 0
        try:
            while not self._stop.wait(self._period):
                with self._lock:
                    idle = 0 if self._counted else idle + 1
                    if idle > IDLE_ROUNDS:
                        self._writer = None
                        return
                self.write()
        finally:
            connection.close()


meter = Meter(period=settings.REQUEST_FIGURES_PERIOD)
if settings.REQUEST_FIGURES_PERIOD is not None:
    atexit.register(meter.stop)
