"""The process that reads hostile bytes: limits first, then one file, one JSON answer, and nothing else.

Started as `python -I -S child.py NAME LIMITS` with the blob as standard input. Everything that it needs is imported
before the first hostile byte is read; from then on an audit hook ends the process if anything is imported, compiled,
executed, unpickled, opened, connected or spawned.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import codecs
import ctypes
import dataclasses
import json
import os
import resource
import signal
from typing import Any

from registry.inspection.gate import inspect_file
from registry.interfaces import FileInspection

FORBIDDEN_EXIT = 97
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
_FORBIDDEN = frozenset(
    {
        "code.__new__", "compile", "exec", "function.__new__", "import", "marshal.load", "marshal.loads", "open",
        "pickle.find_class",
    }
)  # fmt: skip
_FORBIDDEN_FAMILIES = ("ctypes.", "fcntl.", "mmap.", "os.", "pty.", "shutil.", "socket.", "subprocess.", "tempfile.")
# A codec is imported at its first use, which the hook would take for an attack.
_CODECS = ("ascii", "latin-1", "utf-8", "utf-8-sig", "utf-32-le", "utf-32-be")


def main() -> None:
    """Read the arguments, confine the process, judge standard input, print the answer as one line of JSON."""
    name, limits = sys.argv[1], json.loads(sys.argv[2])
    confine(memory=limits["memory"], cpu=limits["cpu"])
    size = os.fstat(sys.stdin.fileno()).st_size
    preload()
    forbid()
    sys.stdout.write(json.dumps(encode(inspect_file(name, sys.stdin.buffer, size))))
    sys.stdout.flush()


def confine(*, memory: int, cpu: int) -> None:
    """Set limits that nothing below can lift. `memory` in bytes of address space, `cpu` in seconds."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))  # the soft limit's signal tells a time-out from a crash
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    libc = ctypes.CDLL(None, use_errno=True)
    # Without the right to make namespaces the limits and the audit hook still hold: the answer is not a condition.
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWNET)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def preload() -> None:
    """Import what would otherwise be imported in the middle of a file."""
    for codec in _CODECS:
        codecs.lookup(codec)


def forbid() -> None:
    """From here on, an event that reading data cannot cause ends the process at once, before it takes effect."""
    sys.addaudithook(_audit)


def _audit(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN or event.startswith(_FORBIDDEN_FAMILIES):
        os._exit(FORBIDDEN_EXIT)


def encode(inspection: FileInspection) -> dict[str, Any]:
    """A `FileInspection` as JSON-serialisable data."""
    return dataclasses.asdict(inspection)


if __name__ == "__main__":
    main()
