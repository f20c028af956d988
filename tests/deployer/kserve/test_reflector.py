"""A watch that is ended, whatever its last read comes to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest

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
        self.over.wait(10)
        raise self.failure


@pytest.mark.parametrize("failure", [ApiError(0, reason="Cut"), ApiError(500), ValueError("closed"), OSError("closed")])
def test_nothing_is_said_once_it_is_closed(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    server = Silent(failure)
    reflector = Reflector(cast(ClusterApi, server), INFERENCE_SERVICE, labels="", reduce=dict)
    reflector.start()
    assert reflector.wait(10)
    assert server.listening.wait(10)

    with caplog.at_level(logging.DEBUG):
        reflector.stop()
        server.over.set()
        thread = reflector._thread
        assert thread is not None
        thread.join(10)

    assert not thread.is_alive()
    assert caplog.text == ""
