"""Requests to a demonstration's endpoints, so that its figures and charts show something that happened."""

from __future__ import annotations

import itertools
import json
import math
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from types import TracebackType
from typing import Self

WAVE = 200.0  # seconds from one high tide to the next
MOST_PER_SECOND = 12.0
WRONG_EVERY = 40  # one request of so many has a body that no model understands
TIMEOUT = 10.0


class DemoTraffic:
    """Use as a context manager: asks each endpoint for what its first example asks, the first one most often."""

    def __init__(self, origin: str, endpoints: Sequence[str]) -> None:
        self._origin = origin
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(endpoint, MOST_PER_SECOND / rank), daemon=True)
            for rank, endpoint in enumerate(endpoints, start=1)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * TIMEOUT)

    def _ask(self, endpoint: str, most: float) -> None:
        with urllib.request.urlopen(f"{self._origin}/api/v1/endpoints/{endpoint}/example/", timeout=TIMEOUT) as answer:
            right = json.dumps(json.load(answer)["request"]).encode()
        for number in itertools.count(1):
            self._send(endpoint, b"{}" if number % WRONG_EVERY == 0 else right)
            tide = (1 + math.sin(2 * math.pi * time.monotonic() / WAVE)) / 2
            if self._stop.wait(1 / (most * (0.25 + 0.75 * tide))):
                return

    def _send(self, endpoint: str, body: bytes) -> None:
        request = urllib.request.Request(
            f"{self._origin}/serve/v2/models/{endpoint}/infer", body, {"Content-Type": "application/json"}
        )
        try:
            urllib.request.urlopen(request, timeout=TIMEOUT).close()
        except urllib.error.HTTPError as error:
            error.close()  # a wrong body is meant, and a picture of a refusal is one of the truth
