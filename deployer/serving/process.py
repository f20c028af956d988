"""The one place that starts child processes for serving. Always argument lists, never a shell."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_log = logging.getLogger(__name__)


class CommandFailedError(Exception):
    """A command could not be run or ended with a status other than 0."""


class CommandTimeoutError(Exception):
    """A command ran longer than it may; it was killed."""


def run(argv: Sequence[str], *, env: Mapping[str, str], timeout: float) -> str:
    """Run a command to its end and return what it printed; its errors go to the log, not to the caller.

    Raises `CommandFailedError` or `CommandTimeoutError`.
    """
    try:
        done = subprocess.run(  # noqa: S603  # fixed programs, no shell
            list(argv),
            env=dict(env),
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as exc:
        raise CommandTimeoutError(argv[0]) from exc
    except OSError as exc:
        raise CommandFailedError(argv[0]) from exc
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        _log.error("%s ended with status %d: %s", argv[0], done.returncode, output[-4000:])
        raise CommandFailedError(argv[0])
    return output


class Child:
    """A started process that waits for `release`, so that it can be written down before it does anything."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], log: Path, fds: Sequence[int]) -> None:
        """Start it in a session of its own; `fds` are inherited under their numbers. Raises `OSError`."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # fixed programs, no shell
                list(argv),
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=tuple(fds),
                start_new_session=True,
                cwd="/",
            )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def watch(self, ended: Callable[[int], None]) -> None:
        """Reap the process whenever it ends, telling its status (negative for a signal), from a daemon thread."""
        threading.Thread(target=lambda: ended(self._process.wait()), name=f"reap-{self.pid}", daemon=True).start()

    def release(self) -> None:
        """Let the process go on. One that is gone already shows in its status."""
        self._write(b"g")

    def abandon(self) -> None:
        """Close the channel without a word: the process ends by itself."""
        self._write(b"")

    def _write(self, data: bytes) -> None:
        if self._process.stdin is None:
            return
        try:
            self._process.stdin.write(data)
            self._process.stdin.close()
        except BrokenPipeError:
            _log.info("process %d ended before it was released", self.pid)
