"""A watch that is ended, whatever its last read comes to."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
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


def an_object(version: int, *, uid: str = "first", stopping: bool = False) -> dict[str, Any]:
    metadata = {"name": "cup", "uid": uid, "resourceVersion": str(version)}
    return {"metadata": metadata | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if stopping else {})}


class Told:
    """A server that tells what the test hands it, and ends when it is handed None."""

    def __init__(self, *items: dict[str, Any], version: str = "100") -> None:
        self.items, self.version = list(items), version
        self.changes: queue.Queue[Change | Exception | None] = queue.Queue()

    def list(self, *_args: Any, **_kwargs: Any) -> Listing:
        return Listing(items=list(self.items), resource_version=self.version)

    def watch(self, *_args: Any, **_kwargs: Any) -> Iterator[Change]:
        while (change := self.changes.get(timeout=60)) is not None:
            if isinstance(change, Exception):
                raise change
            yield change

    def tell(self, kind: str, found: dict[str, Any]) -> None:
        """One change, and a bookmark behind it, which shows that the change has been taken."""
        self.changes.put(Change(type=kind, object=found))
        self.changes.put(Change(type="OPEN"))
        end = time.monotonic() + 60
        while not self.changes.empty():
            assert time.monotonic() < end
            time.sleep(0.001)


@pytest.fixture
def watched() -> Iterator[Callable[[Told], Reflector]]:
    made: list[tuple[Told, Reflector]] = []

    def begin(server: Told) -> Reflector:
        reflector = Reflector(cast(ClusterApi, server), INFERENCE_SERVICE, labels="", reduce=dict)
        made.append((server, reflector))
        reflector.start()
        assert reflector.wait(60)
        return reflector

    yield begin
    for server, reflector in made:
        reflector.stop()
        server.changes.put(None)
        thread = reflector._thread
        assert thread is not None
        thread.join(60)


def test_news_from_before_a_write_do_not_undo_what_its_writer_saw(watched: Callable[[Told], Reflector]) -> None:
    server = Told(an_object(100))
    reflector = watched(server)
    reflector.note(an_object(110, stopping=True))

    server.tell("MODIFIED", an_object(105))
    assert reflector.get("cup") == an_object(110, stopping=True)

    server.tell("MODIFIED", an_object(111, stopping=True))
    assert reflector.get("cup") == an_object(111, stopping=True)
    server.tell("DELETED", an_object(112, stopping=True))
    assert reflector.get("cup") is None


def test_what_was_seen_to_end_does_not_come_back_by_older_news(watched: Callable[[Told], Reflector]) -> None:
    server = Told(an_object(100))
    reflector = watched(server)
    reflector.forget("cup", uid="first")

    server.tell("MODIFIED", an_object(105))
    assert reflector.get("cup") is None

    server.tell("ADDED", an_object(120, uid="second"))
    assert reflector.get("cup") == an_object(120, uid="second")


def test_the_end_of_one_object_does_not_take_the_next_of_its_name(watched: Callable[[Told], Reflector]) -> None:
    server = Told(an_object(100))
    reflector = watched(server)
    reflector.note(an_object(120, uid="second"))

    server.tell("DELETED", an_object(110))

    assert reflector.get("cup") == an_object(120, uid="second")


def test_a_list_made_before_a_write_does_not_undo_it(watched: Callable[[Told], Reflector]) -> None:
    server = Told()
    reflector = watched(server)
    reflector.note(an_object(120))
    server.items, server.version = [an_object(110, uid="ended") | {"kind": "Old"}], "115"

    server.changes.put(ApiError(410, reason="Expired"))
    server.tell("BOOKMARK", {"metadata": {"resourceVersion": "115"}})

    assert reflector.get("cup") == an_object(120)


def test_a_cluster_put_back_from_a_copy_is_believed_after_a_while(
    watched: Callable[[Told], Reflector], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its versions begin again below those that are known."""
    monkeypatch.setattr(reflectors, "LONGEST_LAG", 0.0)
    server = Told()
    reflector = watched(server)
    reflector.note(an_object(900))

    server.tell("MODIFIED", an_object(105, uid="restored"))

    assert reflector.get("cup") == an_object(105, uid="restored")


def test_a_picture_that_cannot_be_read_on_does_not_count_as_fresh(caplog: pytest.LogCaptureFixture) -> None:
    def reduce(found: Any) -> dict[str, Any]:
        return dict(found) | {"size": found["spec"]["size"]}

    server = Told(an_object(100) | {"spec": {"size": 1}})
    reflector = Reflector(cast(ClusterApi, server), INFERENCE_SERVICE, labels="", reduce=reduce)
    reflector.start()
    assert reflector.wait(60)
    server.items.append({"metadata": {"name": "odd", "resourceVersion": "101"}, "spec": "nothing like it"})

    with caplog.at_level(logging.CRITICAL, logger=reflectors.__name__):
        server.changes.put(Change(type="ADDED", object=server.items[1]))
        end = time.monotonic() + 60
        while not reflector.silence:
            assert time.monotonic() < end
            time.sleep(0.01)

    assert reflector.failure is not None
    assert list(reflector.all()) == ["cup"]
    reflector.stop()


def test_one_whose_first_list_cannot_be_read_is_known_to_fail(caplog: pytest.LogCaptureFixture) -> None:
    server = Told({"metadata": {}})
    reflector = Reflector(cast(ClusterApi, server), INFERENCE_SERVICE, labels="", reduce=dict)

    with caplog.at_level(logging.CRITICAL, logger=reflectors.__name__):
        reflector.start()
        assert not reflector.wait(60)

    assert reflector.failure is not None
    reflector.stop()
