"""The shared cache goes on without Redis, and the doorbell's breaker keeps pages from waiting."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.test import RequestFactory
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from portal import cache as portal_cache
from registry import rate_limits
from registry.api import throttling
from registry.circuit_breaker import CircuitBreaker
from registry.errors import TooManyError
from tests.redis_server import RedisServer

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path_factory.mktemp("cache") / "redis")
    yield made
    made.stop()


@pytest.fixture
def shared(
    server: RedisServer, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> portal_cache.SoftRedisCache:
    """The cache of an installation with REDIS_URL, with a breaker that a test needs not wait for."""
    server.start()
    server.flush()
    options = {"serializer": "portal.cache.JsonSerializer", "socket_connect_timeout": 60.0, "socket_timeout": 60.0}
    settings.CACHES = {
        "default": {"BACKEND": "portal.cache.SoftRedisCache", "LOCATION": server.url, "OPTIONS": options}
    }
    monkeypatch.setattr(portal_cache, "PAUSE_SECONDS", 0.0)
    portal_cache.breaker_of.cache_clear()
    found = caches["default"]
    assert isinstance(found, portal_cache.SoftRedisCache)
    return found


@pytest.fixture(autouse=True)
def _stopped_afterwards(server: RedisServer) -> Iterator[None]:
    yield
    server.stop()


@pytest.mark.parametrize("value", [7, -1, 0, True, None, 1.5, "text", "7", [1, {"a": "ä"}], {"x": [None]}])
def test_values_come_back_as_they_were(shared: portal_cache.SoftRedisCache, value: object) -> None:
    shared.set("key", value)

    assert shared.get("key") == value
    assert type(shared.get("key")) is type(value)


def test_nothing_in_redis_is_a_pickle(shared: portal_cache.SoftRedisCache, server: RedisServer) -> None:
    shared.set("key", {"a": 1})
    with server.client() as client:
        client.set(shared.make_key("planted"), b"\x80\x04\x95")
        stored = client.get(shared.make_key("key"))

    assert stored == b'{"a":1}'
    with pytest.raises(ValueError):  # noqa: PT011  # json's own, or that of bytes which are no text
        shared.get("planted")


def test_every_operation_goes_on_while_redis_is_away(
    shared: portal_cache.SoftRedisCache, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    shared.set("before", "in Redis")
    server.stop()

    assert shared.get("before") is None
    assert shared.get("before", "default") == "default"
    assert shared.add("count", 1)
    assert not shared.add("count", 1)
    assert shared.incr("count") == 2
    with pytest.raises(ValueError, match="not found"):
        shared.incr("nothing")
    shared.set("x", 1)
    assert shared.set_many({"y": 2, "z": 3}) == []
    assert shared.get_many(["x", "y", "none"]) == {"x": 1, "y": 2}
    assert shared.has_key("x")
    assert shared.touch("x", 10)
    assert shared.delete("x")
    shared.delete_many(["y", "z"])
    assert shared.get_or_set("made", "new") == "new"
    assert not shared.answers()
    assert caplog.text.count("Redis does not answer") == 1, "one line, not one for each request"


def test_redis_is_believed_again_when_it_is_back(
    shared: portal_cache.SoftRedisCache, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    shared.set("kept", "in Redis")
    server.stop()
    shared.set("kept", "meanwhile")
    shared.set("other", "meanwhile")
    assert shared.get("kept") == "meanwhile"

    server.start()

    assert shared.get("kept") == "in Redis", "the append-only file kept it"
    assert shared.get("other") is None
    assert shared.answers()
    server.stop()
    assert shared.get("other") is None, "what was remembered in the last outage is no longer true"
    assert caplog.text.count("Redis answers again") == 1


def test_rate_limits_hold_before_during_and_after(
    shared: portal_cache.SoftRedisCache, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process counts for itself while Redis is away: a limit is never off."""
    now = time.time() // 60 * 60
    monkeypatch.setattr(time, "time", lambda: now)

    def turns() -> int:
        for taken in itertools.count():
            try:
                rate_limits.take_turn(what="test", who="ada", limit=3, period=MINUTE, code="report.too_many")
            except TooManyError:
                return taken
        raise AssertionError

    assert turns() == 3
    server.stop()
    assert turns() == 3
    server.start()
    assert turns() == 0, "Redis still knows the first three"
    server.flush()
    assert turns() == 3


@pytest.mark.usefixtures("standing_clock")
def test_api_rates_hold_while_redis_is_away(
    shared: portal_cache.SoftRedisCache, server: RedisServer, settings: Any, rf: RequestFactory
) -> None:
    settings.API_RATES = {**settings.API_RATES, "address": "5/hour"}
    request = Request(rf.get("/api/v1/models/"))
    throttling.forget()
    server.stop()

    for _ in range(5):
        throttling.check_rates(request, known=False)
    with pytest.raises(Throttled):
        throttling.check_rates(request, known=False)
    throttling.forget()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_breaker_lets_one_try_after_each_pause() -> None:
    clock = Clock()
    breaker = CircuitBreaker(pause=5, clock=clock)
    assert breaker.allows()
    assert not breaker.succeeded()

    assert breaker.failed()
    assert not breaker.failed(), "only the first failure is news"
    assert not breaker.allows()
    clock.now = 5
    assert [breaker.allows(), breaker.allows()] == [True, False]
    clock.now = 10
    assert breaker.allows()

    assert breaker.succeeded()
    assert [breaker.allows(), breaker.allows()] == [True, True]


def test_a_hung_redis_costs_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes connections and says nothing: the first to ask waits, and nobody else until the pause is over."""
    monkeypatch.setattr(portal_cache, "PAUSE_SECONDS", 3600.0)
    portal_cache.breaker_of.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = {"socket_connect_timeout": 1.0, "socket_timeout": 0.2}
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        hung = portal_cache.SoftRedisCache(url, {"OPTIONS": {"serializer": "portal.cache.JsonSerializer", **options}})

        assert [hung.get("x") for _ in range(50)] == [None] * 50

        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
