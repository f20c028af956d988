"""Processes by pid, start time and boot, read from /proc: a reused pid is never mistaken for its predecessor."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process for ever: `start_ticks` counts clock ticks since the boot named by `boot_id`."""

    pid: int
    start_ticks: int
    boot_id: str

    def __str__(self) -> str:
        return f"{self.pid}:{self.start_ticks}"


def boot_id() -> str:
    """What tells this boot of the machine from every other."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def identify(pid: int) -> ProcessIdentity | None:
    """The process that has this pid now; None if there is none or it is only waiting to be reaped."""
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":
        return None
    return ProcessIdentity(pid=pid, start_ticks=int(fields[19]), boot_id=boot_id())


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether this very process runs."""
    return identify(identity.pid) == identity


def send(identity: ProcessIdentity, number: signal.Signals) -> bool:
    """Signal this very process; False if it is gone."""
    with _pidfd(identity) as handle:
        if handle is None:
            return False
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        return True


def wait_gone(identity: ProcessIdentity, timeout: float) -> bool:
    """Wait until this process has ended; False if it still runs after `timeout` seconds."""
    with _pidfd(identity) as handle:
        if handle is None:
            return True
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(timeout * 1000))


def children(pid: int) -> list[int]:
    """The pids of the direct children, oldest first."""
    found: list[int] = []
    try:
        for thread in (_PROC / str(pid) / "task").iterdir():
            found += [int(child) for child in (thread / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return found
    return sorted(found)


def tree(identity: ProcessIdentity) -> list[ProcessIdentity]:
    """The process and all that descend from it, itself first; empty if it is gone."""
    if not is_alive(identity):
        return []
    found, pending = [identity], children(identity.pid)
    while pending:
        pid = pending.pop()
        process = identify(pid)
        if process is not None:
            found.append(process)
            pending += children(pid)
    return found


def memory(identity: ProcessIdentity) -> tuple[int, int] | None:
    """Resident and peak resident bytes, summed over the process's tree; None if it is gone."""
    resident = peak = 0
    for process in tree(identity):
        fields = _status(process.pid)
        resident += fields.get("VmRSS", 0) * _KIB
        peak += fields.get("VmHWM", 0) * _KIB
    return (resident, peak) if resident else None


@contextmanager
def _pidfd(identity: ProcessIdentity) -> Iterator[int | None]:
    """A handle on the process, opened before the identity is compared so that no other can take its place."""
    try:
        handle = os.pidfd_open(identity.pid)
    except (ProcessLookupError, ValueError):
        yield None
        return
    try:
        yield handle if is_alive(identity) else None
    finally:
        os.close(handle)


def _stat(pid: int) -> list[str] | None:
    """The fields after the command's name, which itself may hold spaces and brackets."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def _status(pid: int) -> dict[str, int]:
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    pairs = (line.split() for line in lines if line.startswith(("VmRSS:", "VmHWM:")))
    return {pair[0].rstrip(":"): int(pair[1]) for pair in pairs}
