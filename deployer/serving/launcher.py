"""Starts and stops the process behind a cup."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import RuntimeUnavailableError
from deployer.interfaces import CupSpec

from . import identity, sandbox, unix_http
from .cup_folder import CupFolder, Run
from .identity import ProcessIdentity
from .process import Child

# What the interpreter and the frameworks reserve without touching; the limit counts reserved memory, the promise used.
RESERVED_BYTES = 256 << 20
MAX_BODY_BYTES = 16 << 20
_MILLIS = 1000
_AFTER_TERM = 2.0
_AFTER_KILL = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a start needs besides the cup's own folder."""

    spec: CupSpec
    python: Path
    adapter: Path
    mode: str
    grace: float
    restarts: int
    failures: int


def start(folder: CupFolder, launch: Launch) -> Run:
    """Start the model server in its sandbox and write it down before it does anything.

    Raises `RuntimeUnavailableError` if the sandbox or the interpreter cannot be started.
    """
    placement = sandbox.Placement(python=launch.python, adapter=launch.adapter, models_dir=folder.models)
    folder.rotate_log()
    with contextlib.ExitStack() as stack, contextlib.ExitStack() as ours:
        info_read, info_write = os.pipe()
        stack.callback(os.close, info_read)
        ours.callback(os.close, info_write)
        status_fd = os.open(folder.sandbox_status, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        ours.callback(os.close, status_fd)
        inherited = [info_write, status_fd]
        listener = stack.enter_context(unix_http.bind(folder.socket))
        command = sandbox.confine(launch.mode, placement, info_fd=info_write, status_fd=status_fd)
        threads = max(1, launch.spec.cpu_millis // _MILLIS)
        try:
            child = Child(
                [*command.prefix, command.python, "-I", command.start, *_arguments(launch, command, listener.fileno())],
                env=sandbox.environment(threads),
                log=folder.log,
                fds=(*(inherited if command.has_own_pids else ()), listener.fileno()),
            )
        except OSError as exc:
            raise RuntimeUnavailableError("serving.sandbox_failed") from exc
        ours.close()  # or the end of the child's own would never be read
        process = identity.identify(_inner_pid(info_read) if command.has_own_pids else child.pid)
        if process is None:
            child.abandon()
            child.watch(lambda _status: None)
            raise RuntimeUnavailableError("serving.sandbox_failed")
        run = Run(
            process=process,
            mode=launch.mode,
            started_at=time.time(),
            restarts=launch.restarts,
            failures=launch.failures,
            reaper=identity.identify(os.getpid()),
        )
        folder.write_run(run)
        child.watch(lambda status: folder.write_end(process, status))
        child.release()
    return run


def stop(run: Run, *, grace: float) -> None:
    """End a run: an interrupt lets requests in flight finish, then harder signals. Returns when nothing is left."""
    everyone = identity.tree(run.process)
    server = _server(run, everyone)
    if server is not None:
        identity.send(server, signal.SIGINT)
        if not identity.wait_gone(run.process, grace):
            identity.send(server, signal.SIGTERM)
            identity.wait_gone(run.process, _AFTER_TERM)
    for process in everyone:
        identity.send(process, signal.SIGKILL)
    for process in everyone:
        identity.wait_gone(process, _AFTER_KILL)


def _server(run: Run, everyone: Sequence[ProcessIdentity]) -> ProcessIdentity | None:
    """The model server itself: in a process namespace of its own it is the child of that namespace's init."""
    if run.mode != "bubblewrap":
        return everyone[0] if everyone else None
    inner = identity.children(run.process.pid) if everyone else []
    return identity.identify(inner[0]) if inner else None


def _arguments(launch: Launch, command: sandbox.Command, listener: int) -> list[str]:
    spec = launch.spec
    return [
        *("--fd", str(listener)),
        f"--model-name={spec.model_name}",
        f"--version={spec.version}",
        *("--models-dir", command.models_dir),
        *("--adapter", command.adapter),
        *("--memory-bytes", str(spec.memory_bytes + RESERVED_BYTES)),
        *("--processes", str(sandbox.MAX_PROCESSES if command.has_own_pids else 0)),
        *("--threads", str(max(1, spec.cpu_millis // _MILLIS))),
        *("--max-body-bytes", str(MAX_BODY_BYTES)),
        *("--grace", str(launch.grace)),
    ]


def _inner_pid(handle: int) -> int:
    """The pid of the sandbox's init as the host sees it; -1 if the sandbox could not be made."""
    text = b""
    while chunk := os.read(handle, 4096):
        text += chunk
        with contextlib.suppress(ValueError):
            return int(json.loads(text)["child-pid"])
    return -1
