"""How a model server is confined: what it sees of the machine, and what it does not."""

from __future__ import annotations

import functools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import RuntimeUnavailableError

from .process import CommandFailedError, CommandTimeoutError, run

SERVER_DIR = Path(__file__).resolve().parent.parent / "runtimes" / "server"
TMP_BYTES = 256 << 20
MAX_PROCESSES = 256
_LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib32", "/lib64")
_PROBE_TIMEOUT = 10.0
# Tuning that an administrator set because of the processor; without it some numeric libraries compute wrongly.
_PASSED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where things lie on the host."""

    python: Path
    adapter: Path
    models_dir: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A confined command: what goes before the server's own arguments, and the server's paths as it sees them."""

    prefix: tuple[str, ...]
    python: str
    start: str
    adapter: str
    models_dir: str
    has_own_pids: bool


def confine(mode: str, placement: Placement, *, info_fd: int, status_fd: int) -> Command:
    """The command for a mode: "bubblewrap", "network" (own network only) or "none".

    With bubblewrap the model server sees: libraries, its Python, its own code and the model, all read-only; a small
    /tmp; no other process, no network at all, not even a socket file, since it inherits the one that it listens on.
    """
    if mode == "bubblewrap":
        return Command(
            prefix=(*_bubblewrap(placement), "--info-fd", str(info_fd), "--json-status-fd", str(status_fd), "--"),
            python=str(placement.python),
            start="/opt/server/start.py",
            adapter="/opt/adapter/" + placement.adapter.name,
            models_dir="/mnt/models",
            has_own_pids=True,
        )
    return Command(
        prefix=tuple(_unshare()) if mode == "network" else (),
        python=str(placement.python),
        start=str(SERVER_DIR / "start.py"),
        adapter=str(placement.adapter),
        models_dir=str(placement.models_dir),
        has_own_pids=False,
    )


def choose(wanted: str) -> str:
    """The mode for a setting ("auto", "bubblewrap" or "none"): what works here, tried once per process.

    Raises `RuntimeUnavailableError` if bubblewrap is required and does not work.
    """
    if wanted == "none":
        return "none"
    if _works("bubblewrap"):
        return "bubblewrap"
    if wanted == "bubblewrap":
        raise RuntimeUnavailableError("serving.sandbox_missing")
    return "network" if _works("network") else "none"


def environment(threads: int) -> dict[str, str]:
    """The whole environment of a model server: nothing of the portal's."""
    count = str(threads)
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {
        "HOME": "/tmp",  # noqa: S108  # the sandbox's own
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "TMPDIR": "/tmp",  # noqa: S108  # the sandbox's own
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        **passed,
    }


@functools.cache
def _works(mode: str) -> bool:
    if shutil.which("bwrap" if mode == "bubblewrap" else "unshare") is None:
        return False
    true = shutil.which("true") or "/bin/true"
    if mode == "bubblewrap":
        argv = [_bwrap(), *_namespaces(), "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", true]
    else:
        argv = [*_unshare(), true]
    try:
        run(argv, env={"PATH": os.defpath}, timeout=_PROBE_TIMEOUT)
    except (CommandFailedError, CommandTimeoutError):
        return False
    return True


def _bwrap() -> str:
    return shutil.which("bwrap") or "bwrap"


def _unshare() -> list[str]:
    return [shutil.which("unshare") or "unshare", "--user", "--map-current-user", "--net", "--"]


def _namespaces() -> list[str]:
    return [
        *("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
        *("--disable-userns", "--uid", "65534", "--gid", "65534", "--hostname", "model"),
        *("--new-session", "--cap-drop", "ALL"),
    ]


def _bubblewrap(placement: Placement) -> list[str]:
    # /tmp comes first: the installation itself may lie below it, and a later mount would hide it.
    argv = [_bwrap(), *_namespaces(), "--size", str(TMP_BYTES), "--tmpfs", "/tmp"]  # noqa: S108  # the sandbox's own
    for library in _LIBRARIES:
        argv += _library(Path(library))
    environment_dir = placement.python.parent.parent
    for folder in (_base_prefix(environment_dir), environment_dir):
        argv += ["--ro-bind", str(folder), str(folder)]
    return [
        *argv,
        *("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
        *("--ro-bind", str(SERVER_DIR), "/opt/server"),
        *("--ro-bind", str(placement.adapter), "/opt/adapter/" + placement.adapter.name),
        *("--ro-bind", str(placement.models_dir), "/mnt/models"),
        *("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"),
        *("--remount-ro", "/", "--chdir", "/tmp"),  # noqa: S108  # the sandbox's own
    ]


def _library(folder: Path) -> list[str]:
    if folder.is_symlink():
        return ["--symlink", str(folder.readlink()), str(folder)]
    return ["--ro-bind", str(folder), str(folder)] if folder.is_dir() else []


def _base_prefix(environment_dir: Path) -> Path:
    """The installation whose interpreter and standard library the environment uses."""
    for line in (environment_dir / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return Path(value.strip()).resolve().parent
    raise RuntimeUnavailableError("runtime.environment_broken")
