"""Short-lived helper processes: output capped, time bounded, nothing left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_OUTPUT = 4 << 20


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended: `status` is its exit status, negative for a signal, None if its time was up."""

    status: int | None
    output: bytes


def run(
    command: Sequence[str], *, timeout: float, stdin: BinaryIO | None = None, env: Mapping[str, str] | None = None
) -> Finished:
    """Run a command in a session of its own and read its standard output; one that writes over 4 MiB is killed.

    `timeout` is wall time in seconds. The environment is `env` alone. Raises `OSError` if the program cannot start.
    Whatever the command started in its session is killed before this returns.
    """
    deadline = time.monotonic() + timeout
    process = subprocess.Popen(  # noqa: S603 - the callers give fixed programs; hostile names are single arguments
        command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=dict(env or {}), cwd="/", start_new_session=True,
    )  # fmt: skip
    try:
        output = _read(process, deadline)
        if output is None:
            return Finished(None, b"")
        if len(output) > MAX_OUTPUT:
            return Finished(-signal.SIGKILL, b"")
        return Finished(process.wait(max(0.0, deadline - time.monotonic())), output)
    except subprocess.TimeoutExpired:
        return Finished(None, b"")
    finally:
        _end(process)


def _read(process: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    """All that the process writes until it closes the pipe or exceeds the cap; None once the time is up."""
    pipe = process.stdout
    if pipe is None:
        return b""
    poll = select.poll()
    poll.register(pipe, select.POLLIN | select.POLLHUP)
    output = b""
    while len(output) <= MAX_OUTPUT:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return None
        piece = os.read(pipe.fileno(), 1 << 16)
        if not piece:
            break
        output += piece
    return output


def _end(process: subprocess.Popen[bytes]) -> None:
    # The process is not reaped before this, so its id cannot have passed to another group.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
