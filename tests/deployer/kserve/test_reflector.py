"""A watch that is ended, whatever its last read comes to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from deployer.serving import reflector as reflectors
from deployer.serving.cluster_api import INFERENCE_SERVICE, ApiError, Change, ClusterApi, Listing
from deployer.serving.reflector import Reflector


class Silent:
    """A server that says nothing until it is let go, and then fails."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure
        self.listening, self.over = threading.Event(), threading.Event()

    def list(self, *_args: Any, **_kwargs: Any) -> Listing:
        return Listing(items=[], resource_version="1")

    def watch(self, *_args: Any, **_kwargs: Any) -> Iterator[Change]:
        yield Change(type="OPEN")
        self.listening.set()
        self.over.wait(60)
        raise self.failure


@pytest.mark.parametrize("failure", [ApiError(0, reason="Cut"), ApiError(500), ValueError("closed"), OSError("closed")])
def test_nothing_is_said_once_it_is_closed(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    server = Silent(failure)
    reflector = Reflector(cast(ClusterApi, server), INFERENCE_SERVICE, labels="", reduce=dict)
    reflector.start()
    assert reflector.wait(60)
    assert server.listening.wait(60)

    with caplog.at_level(logging.DEBUG):
        reflector.stop()
        server.over.set()
        thread = reflector._thread
        assert thread is not None
        thread.join(60)

    assert not thread.is_alive()
    assert [record.message for record in caplog.records if record.name == reflectors.__name__] == []


def test_silence_begins_when_the_watch_breaks_and_not_with_the_last_change() -> None:
    """In a quiet cluster nothing may have changed for minutes while the watch was open."""
    server = Silent(ApiError(0, reason="Cut"))
    reflector = Reflector(cast(ClusterApi, server), INFERENCE_SERVICE, labels="", reduce=dict)
    reflector.start()
    assert server.listening.wait(60)
    reflector._heard_at -= 1000.0

    server.over.set()
    end = time.monotonic() + 60
    while reflector.failure is None:
        assert time.monotonic() < end
        time.sleep(0.01)

    assert 0.0 < reflector.silence < 60.0
    reflector.stop()
