"""Keeps a lease from a thread of its own, so that a long read or call does not look like a dead worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import Error, connection

logger = logging.getLogger(__name__)


@contextmanager
def beating(beat: Callable[[], bool], *, every: timedelta, name: str) -> Iterator[None]:
    """Call `beat` once every so long while the block runs, until it answers False: the lease is lost then."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(every.total_seconds()):
            try:
                if not beat():
                    break
            except Error:
                # A database that is away for a moment must not cost the lease; the next beat opens it anew.
                logger.warning("no heartbeat for %s", name, exc_info=True)
                connection.close()
        connection.close()

    thread = threading.Thread(target=go_on, name=f"heartbeat-{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(every.total_seconds())  # a beat that hangs shall not keep back what has ended
