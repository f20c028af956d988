"""The format gate in a process of its own: a parser that crashes, hangs or eats memory takes only itself down."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.child_process import run
from registry.errors import NotFoundError
from registry.inspection import child
from registry.inspection.formats import ModelFormat
from registry.inspection.names import judge_path
from registry.interfaces import FileInspection, Introspection, TensorInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

MEMORY = 2 << 30
TIMEOUT_SECONDS = 60.0
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
                finished = run(command, stdin=file, timeout=self._timeout)
        except FileNotFoundError:
            raise NotFoundError("gate.blob_missing", path=path) from None
        if finished.status is None or finished.status == -signal.SIGXCPU:
            return FileInspection(path=path, accepted=False, code="gate.timeout")
        found = decode(finished.output, path) if finished.status == 0 else None
        return found or FileInspection(path=path, accepted=False, code="gate.crashed")


def decode(answer: bytes, path: str) -> FileInspection | None:
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
