"""Leaves a service that does not answer alone for a while, so that not every request waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Closed while the service answers; open for `pause` seconds after it did not; then one caller at a time tries."""

    def __init__(self, *, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._open_until: float | None = None

    def allows(self) -> bool:
        """Whether the caller may try. While the service is in doubt, one may in each pause."""
        with self._lock:
            if self._open_until is None:
                return True
            if self._clock() < self._open_until:
                return False
            self._open_until = self._clock() + self._pause
            return True

    def failed(self) -> bool:
        """Note that there was no answer; True if the service was not in doubt until now."""
        with self._lock:
            first = self._open_until is None
            self._open_until = self._clock() + self._pause
            return first

    def succeeded(self) -> bool:
        """Note an answer; True if the service was in doubt until now."""
        with self._lock:
            back = self._open_until is not None
            self._open_until = None
            return back
