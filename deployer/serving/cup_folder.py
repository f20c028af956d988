"""What is written down about one cup: its specification, the process that serves it, and how the last one ended."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deployer.errors import TransientError, UserError
from deployer.interfaces import CupSpec, FileEntry

from . import identity
from .identity import ProcessIdentity

logger = logging.getLogger(__name__)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_LOG_BYTES = 4 << 20
_LOG_KEPT = 256 << 10
_SIGNALLED = 128
_REAP_WAIT = 5.0
_REMOVE_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process of a cup. `failures` counts runs in a row that did not last; `reaper` is who waits for its end."""

    process: ProcessIdentity
    mode: str
    started_at: float
    restarts: int
    failures: int
    reaper: ProcessIdentity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a run ended: an exit status, a signal as a negative number, or None if nobody saw it."""

    status: int | None
    at: float


class CupFolder:
    """The folder of one cup. Every file is replaced as a whole, so readers need no lock."""

    def __init__(self, state_dir: Path, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise UserError("serving.bad_name", name=name)
        self.name = name
        self.path = state_dir / name
        self.models = self.path / "models"
        self.log = self.path / "log"
        self.socket = self.path / "socket"
        self.sandbox_status = self.path / "sandbox.json"
        self._lock = state_dir / ".locks" / name

    def spec(self) -> CupSpec | None:
        """What is wanted; None if this cup is unknown."""
        data = self._read("spec.json")
        if data is None:
            return None
        return CupSpec(**{**data, "files": tuple(FileEntry(**entry) for entry in data["files"])})

    def write_spec(self, spec: CupSpec) -> None:
        """Write down what is wanted."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write("spec.json", asdict(spec))

    def wanted_since(self) -> float | None:
        """When the specification was written, epoch seconds; None if the cup was taken away meanwhile."""
        try:
            return (self.path / "spec.json").stat().st_mtime
        except FileNotFoundError:
            return None

    def run(self) -> Run | None:
        """The last process; None if none was started."""
        data = self._read("run.json")
        if data is None:
            return None
        reaper = data.get("reaper")
        known = {"process": ProcessIdentity(**data["process"]), "reaper": ProcessIdentity(**reaper) if reaper else None}
        return Run(**{**data, **known})

    def write_run(self, run: Run) -> None:
        """Write down a new process."""
        self._write("run.json", asdict(run))

    def ready_at(self, run: Run) -> float | None:
        """When this run was first seen answering; None if never."""
        data = self._read("ready.json")
        return data["at"] if data and data["process"] == str(run.process) else None

    def note_ready(self, run: Run) -> None:
        """Note that this run answers; the first time counts."""
        with contextlib.suppress(FileNotFoundError):
            (self.path / "silent").unlink()
        if self.ready_at(run) is None:
            with contextlib.suppress(FileNotFoundError):
                self._write("ready.json", {"process": str(run.process), "at": time.time()})

    def note_silent(self) -> float:
        """Note that a run which had answered does not now; returns for how many seconds already."""
        with contextlib.suppress(FileNotFoundError):
            marker = self.path / "silent"
            if not marker.exists():
                marker.touch()
            return max(0.0, time.time() - marker.stat().st_mtime)
        return 0.0

    def end(self, run: Run) -> End | None:
        """How this run ended, as far as anybody noted it."""
        data = self._read("end.json")
        if data and data["process"] == str(run.process):
            return End(status=_normal(data["status"]), at=data["at"])
        status = self._sandbox_status()
        return None if status is None else End(status=_normal(status), at=self.sandbox_status.stat().st_mtime)

    def wait_end(self, run: Run) -> End:
        """How this run, which is over, ended. A reaper that lives may be some seconds later than who sees it gone."""
        deadline = time.monotonic() + _REAP_WAIT
        while True:
            reaped = run.reaper is not None and identity.is_alive(run.reaper)
            end = self.end(run)
            if end is not None:
                return end
            if not reaped or time.monotonic() > deadline:
                self.write_end(run.process, None)
                return End(status=None, at=time.time())
            time.sleep(0.02)

    def write_end(self, process: ProcessIdentity, status: int | None) -> None:
        """Note how a run ended; a folder that was deleted meanwhile stays deleted."""
        with contextlib.suppress(FileNotFoundError):
            self._write("end.json", {"process": str(process), "status": status, "at": time.time()})

    def reset(self) -> None:
        """Clear what only the last run's readers need."""
        for name in ("stopping", "silent"):
            (self.path / name).unlink(missing_ok=True)

    @property
    def stopping(self) -> bool:
        """Whether somebody is taking the cup away."""
        return (self.path / "stopping").exists()

    def mark_stopping(self) -> None:
        """Tell readers that the cup is being taken away."""
        (self.path / "stopping").touch()

    def rotate_log(self) -> None:
        """Start a new log, keeping the last run's."""
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.path / "log.1")

    def trim_log(self) -> None:
        """Keep a long-running log small; its writer appends, so it goes on at the new end."""
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > _LOG_BYTES:
                (self.path / "log.1").write_bytes(_tail(self.log, _LOG_KEPT))
                os.truncate(self.log, 0)

    def last_output(self, max_bytes: int) -> bytes:
        """The end of what the last run printed."""
        return _tail(self.log, max_bytes)

    def log_tail(self, max_bytes: int) -> bytes:
        """The end of the output, reaching back into the previous log if there is room."""
        newest = _tail(self.log, max_bytes)
        older = _tail(self.path / "log.1", max_bytes - len(newest))
        return older + newest

    def remove(self) -> None:
        """Forget the cup; only for who holds the lock."""
        gone = self.path.with_name(f".gone-{self.name}-{time.monotonic_ns()}")
        with contextlib.suppress(FileNotFoundError):
            self.path.rename(gone)  # out of reach of anybody who still means to write into it
        for _ in range(_REMOVE_TRIES):
            shutil.rmtree(gone, ignore_errors=True)
            if not gone.exists():
                break
        self._lock.unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self, timeout: float) -> Iterator[None]:
        """Be the only one who starts or stops this cup; `TransientError` if that takes longer than `timeout`."""
        self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + timeout
        while True:
            with self._lock.open("w") as lock:
                if self._try(lock.fileno()):
                    yield
                    return
            if time.monotonic() > deadline:
                raise TransientError("serving.busy", name=self.name)
            time.sleep(0.05)

    def _try(self, handle: int) -> bool:
        """Lock the open file, if it is still the one that the others would open."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.fstat(handle).st_ino == self._lock.stat().st_ino
        except (BlockingIOError, FileNotFoundError):
            return False

    def _sandbox_status(self) -> int | None:
        """The exit status that the sandbox's monitor wrote, which outlives the worker that started it."""
        try:
            lines = self.sandbox_status.read_text().splitlines()
        except FileNotFoundError:
            return None
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                return int(json.loads(line)["exit-code"])
        return None

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            data: dict[str, Any] = json.loads((self.path / name).read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError:
            # Half of it may be lost with the power; then the cup is started anew, and no other one waits for it.
            logger.warning("%s cannot be read; it counts as missing", self.path / name)
            return None
        return data

    def _write(self, name: str, data: Mapping[str, Any]) -> None:
        """On the disk before it has its name, or a machine that goes down would leave an empty file of that name."""
        temporary = self.path / f".{name}.{os.getpid()}.{time.monotonic_ns()}"
        with temporary.open("w") as stream:
            json.dump(data, stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self.path / name)


def _normal(status: int | None) -> int | None:
    """The sandbox reports a signal as 128 plus its number."""
    return status if status is None or status <= _SIGNALLED else _SIGNALLED - status


def _tail(path: Path, max_bytes: int) -> bytes:
    if max_bytes <= 0:
        return b""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - max_bytes))
            return stream.read(max_bytes)
    except FileNotFoundError:
        return b""
