"""The format gate in a process of its own: a parser that crashes, hangs or eats memory takes only itself down."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import NotFoundError
from registry.inspection import child
from registry.inspection.formats import ModelFormat
from registry.inspection.names import judge_path
from registry.interfaces import FileInspection, Introspection, TensorInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

MEMORY = 2 << 30
TIMEOUT_SECONDS = 60.0
_MAX_ANSWER = 4 << 20
_CHILD = Path(child.__file__)


class ChildProcessInspector:
    """`FileInspector` that starts one short-lived, confined Python per file.

    `memory` is the child's address space in bytes, `timeout` its wall and CPU time in seconds. The child gets the blob
    as read-only standard input, no environment, no site-packages and, where the kernel allows it, no network.
    """

    def __init__(self, *, memory: int = MEMORY, timeout: float = TIMEOUT_SECONDS, script: Path = _CHILD) -> None:
        self._memory = memory
        self._timeout = timeout
        self._script = script

    def inspect(self, *, path: str, blob: Path) -> FileInspection:
        """Judge one file under its uploaded name; `NotFoundError` if the blob is gone."""
        code = judge_path(path)
        if code:
            return FileInspection(path=path, accepted=False, code=code)
        limits = json.dumps({"memory": self._memory, "cpu": max(1, int(self._timeout))})
        command = [sys.executable, "-I", "-S", str(self._script), path, limits]
        try:
            with blob.open("rb") as file:
                process = subprocess.Popen(  # noqa: S603 - our own interpreter and script; the name is one argument
                    command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/",
                    start_new_session=True,
                )  # fmt: skip
        except FileNotFoundError:
            raise NotFoundError("gate.blob_missing", path=path) from None
        try:
            answer, code = self._wait(process)
        finally:
            _end(process)
        found = None if code else _decode(answer, path)
        return found or FileInspection(path=path, accepted=False, code=code or "gate.crashed")

    def _wait(self, process: subprocess.Popen[bytes]) -> tuple[bytes, str]:
        """The child's answer and "", or what it has come to as a message id."""
        deadline = time.monotonic() + self._timeout
        answer = _read(process, deadline)
        if answer is None:
            return b"", "gate.timeout"
        try:
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return b"", "gate.timeout"
        if status == -signal.SIGXCPU:
            return b"", "gate.timeout"
        return answer, "" if status == 0 else "gate.crashed"


def _read(process: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    """All that the child writes, at most 4 MiB; None once the time is up."""
    pipe = process.stdout
    if pipe is None:
        return b""
    poll = select.poll()
    poll.register(pipe, select.POLLIN | select.POLLHUP)
    answer = b""
    while len(answer) <= _MAX_ANSWER:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return None
        piece = os.read(pipe.fileno(), 1 << 16)
        if not piece:
            break
        answer += piece
    return answer


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave neither the child nor anything that it started, nor an open pipe."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _decode(answer: bytes, path: str) -> FileInspection | None:
    """The answer as data; None if it is not exactly what a healthy child writes."""
    try:
        data = json.loads(answer)
        accepted, model_format, told = data["accepted"], data["model_format"], data["introspection"]
        if data["path"] != path or type(accepted) is not bool or (accepted and data["code"]):
            return None
        return FileInspection(
            path=path,
            accepted=accepted,
            model_format=ModelFormat(model_format) if model_format else "",
            code=str(data["code"]) if not accepted else "",
            params=_params(data["params"]),
            advice=str(data["advice"]),
            introspection=_introspection(told) if accepted and told is not None else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _params(data: Mapping[str, Any]) -> dict[str, str | int | float]:
    return {str(key): value for key, value in data.items() if isinstance(value, str | int | float)}


def _introspection(data: Mapping[str, Any]) -> Introspection:
    parameters = data["parameters"]
    return Introspection(
        framework=str(data["framework"]),
        framework_version=str(data["framework_version"]),
        model_type=str(data["model_type"]),
        inputs=tuple(map(_tensor, data["inputs"])),
        outputs=tuple(map(_tensor, data["outputs"])),
        parameters=None if parameters is None else int(parameters),
        metadata={str(key): str(value) for key, value in data["metadata"].items()},
    )


def _tensor(data: Mapping[str, Any]) -> TensorInfo:
    return TensorInfo(name=str(data["name"]), datatype=str(data["datatype"]), shape=tuple(map(int, data["shape"])))
