"""The fake serving backend for several processes: its cups outlive the worker that asked for them."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from django.conf import settings

from deployer.interfaces import CupSpec, CupStatus, ServingBackend, ServingResponse
from tests.fakes.serving import FakeServingBackend


class SharedServingBackend:
    """`FakeServingBackend` kept in a file beside the uploads; each call reads it, acts, and writes it back locked."""

    pulls_images = FakeServingBackend.pulls_images
    longest_start = FakeServingBackend.longest_start

    def __init__(self) -> None:
        self._path = Path(settings.UPLOADS_DIR).with_name("cups")
        self._path.write_bytes(pickle.dumps(FakeServingBackend()))

    def apply(self, spec: CupSpec) -> CupStatus:
        return cast("CupStatus", self._call("apply", spec))

    def status(self, name: str) -> CupStatus:
        return cast("CupStatus", self._call("status", name))

    def statuses(self) -> Mapping[str, CupStatus]:
        return cast("Mapping[str, CupStatus]", self._call("statuses"))

    def delete(self, name: str) -> None:
        self._call("delete", name)

    def request(self, name: str, **request: Any) -> ServingResponse:
        return cast("ServingResponse", self._call("request", name, **request))

    def logs(self, name: str, *, max_bytes: int = 65536) -> str:
        return cast("str", self._call("logs", name, max_bytes=max_bytes))

    def stop_all(self) -> None:
        self._call("stop_all")

    def kill(self, name: str) -> None:
        """End the replica as `kill -9` would."""
        self._call("kill", name)

    def _call(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        with self._path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            fake = pickle.load(file)
            try:
                return getattr(fake, verb)(*args, **kwargs)
            finally:
                # Not safe against a death between these lines: the workers of tests die beside a call, never within.
                file.seek(0)
                file.truncate()
                pickle.dump(fake, file)


def shared_serving() -> ServingBackend:
    """What settings name, typed so that no part of the interface can be missing."""
    return SharedServingBackend()
