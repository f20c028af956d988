"""A serving backend in memory, whose cups do what a test tells them."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from deployer.errors import ConflictError, IntegrityError, RuntimeUnavailableError, TransientError
from deployer.interfaces import BlobReader, CupPhase, CupSpec, CupStatus, ServingResponse

Answer = Callable[[CupSpec, str, str, bytes], ServingResponse]
"""Called with the cup, method, path and body."""

_JSON = "application/json"


@dataclass
class _Cup:
    spec: CupSpec
    status: CupStatus
    looks_until_ready: int
    log: str = ""


@dataclass
class FakeServingBackend:
    """`ServingBackend` without processes. An applied cup is READY after `looks_until_ready` looks at it.

    `answer` makes the responses; `seconds` is how long an answer pretends to take; `unavailable` holds the names of
    runtimes whose environment is broken; `calls` lists the verbs in order, with the cup's name.
    """

    blobs: BlobReader | None = None
    runtimes: frozenset[str] | None = None
    looks_until_ready: int = 1
    answer: Answer | None = None
    seconds: float = 0.0
    unavailable: set[str] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)
    peak_memory_bytes: int = 150 << 20
    pulls_images: bool = False
    longest_start: float = 300.0
    _cups: dict[str, _Cup] = field(default_factory=dict)
    _replicas: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _clock: itertools.count[int] = field(default_factory=lambda: itertools.count(1_700_000_000))

    def apply(self, spec: CupSpec) -> CupStatus:
        self.calls.append(("apply", spec.name))
        if spec.runtime in self.unavailable or (self.runtimes is not None and spec.runtime not in self.runtimes):
            raise RuntimeUnavailableError("runtime.unknown", runtime=spec.runtime)
        cup = self._cups.get(spec.name)
        if cup is not None and cup.spec != spec:
            raise ConflictError("serving.name_taken", name=spec.name)
        if cup is not None and cup.status.phase is not CupPhase.FAILED:
            return cup.status
        self._check_bytes(spec)
        status = CupStatus(
            name=spec.name,
            phase=CupPhase.STARTING,
            image_digest=spec.image_digest,
            restarts=0 if cup is None else cup.status.restarts + 1,
            started_at=float(next(self._clock)),
            memory_bytes=self.peak_memory_bytes,
            peak_memory_bytes=self.peak_memory_bytes,
            identity=f"replica-{next(self._replicas)}",
        )
        self._cups[spec.name] = _Cup(spec=spec, status=status, looks_until_ready=self.looks_until_ready)
        return status

    def status(self, name: str) -> CupStatus:
        cup = self._cups.get(name)
        if cup is None:
            return CupStatus(name=name, phase=CupPhase.ABSENT)
        if cup.status.phase is CupPhase.STARTING:
            cup.looks_until_ready -= 1
            if cup.looks_until_ready <= 0:
                cup.status = replace(cup.status, phase=CupPhase.READY, ready_at=float(next(self._clock)))
        return cup.status

    def statuses(self) -> Mapping[str, CupStatus]:
        return {name: self.status(name) for name in sorted(self._cups)}

    def delete(self, name: str) -> None:
        self.calls.append(("delete", name))
        self._cups.pop(name, None)

    def request(
        self,
        name: str,
        *,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "",  # noqa: ARG002  # part of the role, though this backend takes any
        timeout: float,
    ) -> ServingResponse:
        self.calls.append(("request", name))
        cup = self._cups.get(name)
        if cup is None or cup.status.phase is not CupPhase.READY:
            raise TransientError("serving.unreachable", name=name)
        if self.seconds >= timeout:
            raise TransientError("serving.timeout", seconds=timeout)
        return (self.answer or sum_of_rows)(cup.spec, method, path, body)

    def logs(self, name: str, *, max_bytes: int = 65536) -> str:
        cup = self._cups.get(name)
        return cup.log.encode()[-max_bytes:].decode("utf-8", "replace") if cup else ""

    def stop_all(self) -> None:
        self.calls.append(("stop_all", ""))
        self._cups.clear()

    def spec_of(self, name: str) -> CupSpec:
        """What was applied last under this name."""
        return self._cups[name].spec

    def kill(self, name: str) -> None:
        """End the replica as `kill -9` would."""
        self.fail(name, "serving.killed", signal=9)

    def fail(self, name: str, code: str, *, log: str = "", **params: str | float) -> None:
        """Let the cup be FAILED until it is applied again."""
        cup = self._cups[name]
        cup.status = replace(cup.status, phase=CupPhase.FAILED, code=code, params=params, memory_bytes=None)
        cup.log = log

    def become(self, name: str, phase: CupPhase) -> None:
        """Put the cup into a phase."""
        cup = self._cups[name]
        cup.status = replace(cup.status, phase=phase)

    def never_ready(self, name: str) -> None:
        """Let the cup start for ever."""
        self._cups[name].looks_until_ready = 1 << 62

    def _check_bytes(self, spec: CupSpec) -> None:
        if self.blobs is None:
            return
        for entry in spec.files:
            data = self.blobs.local_path(entry.sha256).read_bytes()
            if hashlib.sha256(data).hexdigest() != entry.sha256:
                raise IntegrityError("serving.bytes_changed", path=entry.path)


def sum_of_rows(spec: CupSpec, method: str, path: str, body: bytes) -> ServingResponse:
    """A tabular model in the V2 protocol that adds up each row of its only input."""
    base = f"/v2/models/{spec.model_name}"
    if method == "GET" and path == f"{base}/ready":
        return _respond(200, {"name": spec.model_name, "ready": True})
    if method == "GET" and path == base:
        return _respond(200, {"name": spec.model_name, "versions": [spec.version], "inputs": [], "outputs": []})
    if path != f"{base}/infer":
        return _respond(404, {"error": "Not Found"})
    try:
        tensor = json.loads(body)["inputs"][0]
        rows, width = tensor["shape"]
        data = tensor["data"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return _respond(400, {"error": "The request does not follow the protocol."})
    if len(data) != rows * width:
        return _respond(400, {"error": "shape and data differ"})
    sums = [sum(data[row * width : (row + 1) * width]) for row in range(rows)]
    outputs = [{"name": "predict", "shape": [rows], "datatype": "FP64", "data": sums}]
    return _respond(200, {"model_name": spec.model_name, "model_version": spec.version, "id": "1", "outputs": outputs})


def _respond(status: int, content: object) -> ServingResponse:
    return ServingResponse(status=status, content_type=_JSON, body=json.dumps(content).encode())
