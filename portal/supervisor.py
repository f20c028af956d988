"""Keeps a handful of programs running: one log, restart after a crash, orderly stop."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from portal.env_parsers import LAST_PORT

STOP_SECONDS = 25.0
FAST_DEATH_SECONDS = 10.0
MAX_FAST_DEATHS = 4
LAST_WORDS_SECONDS = 2.0
POLL_SECONDS = 0.2


@dataclass(slots=True)
class Program:
    """A command line; `once` means that it may end well by itself."""

    name: str
    command: Sequence[str]
    once: bool = False
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    fast_deaths: int = field(default=0)


def why_not_bindable(host: str, port: int) -> str:
    """What keeps a server from binding this address now, and what to do about it; "" if nothing does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return _hindrance(error, host, port)
    return ""


def _hindrance(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < LAST_PORT else port - 1
        return (
            f"{host}:{port} is in use. Stop the program that holds it, or choose another port: "
            f"MODEL_COMMONS_PORT={other} make run"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} is for the system's administrator alone. Set MODEL_COMMONS_PORT to one above 1023."
    return (
        f"MODEL_COMMONS_LISTEN_HOST={host!r} is not an address of this machine ({error.strerror}). "
        "Use 127.0.0.1 for this machine alone, or 0.0.0.0 for all of its addresses."
    )


class Supervisor:
    """Runs programs until a signal comes or one of them cannot be kept alive."""

    def __init__(self, programs: Sequence[Program], *, log: Callable[[str], object]) -> None:
        self._programs = list(programs)
        self._log = log
        self._readers: list[threading.Thread] = []
        # No Event: its lock may be held by the very loop that a signal interrupts, which then waits for itself.
        self._told_to_stop = False

    def run(self) -> str:
        """Block until Ctrl-C or SIGTERM; returns the name of a program that kept dying, or ""."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._on_signal)
        failed = ""
        try:
            for program in self._programs:
                self._start(program)
            while not failed and not self._told_to_stop:
                time.sleep(POLL_SECONDS)
                failed = self._look_after()
        finally:
            self._stop_all()
        return failed

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        del signum, frame
        self._told_to_stop = True

    def _start(self, program: Program) -> None:
        # A session of its own keeps the terminal's Ctrl-C away from it, so that the order of stopping is ours.
        process = subprocess.Popen(  # noqa: S603  # our own command lines, no shell
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "portal.settings")},
        )
        program.process, program.started_at = process, time.monotonic()
        reader = threading.Thread(target=self._copy_output, args=(program.name, process), daemon=True)
        reader.start()
        self._readers = [*filter(threading.Thread.is_alive, self._readers), reader]

    def _say(self, text: str) -> None:
        """Write to the log, if it takes it. A full disk or a reader that left must stop neither us nor the programs."""
        with contextlib.suppress(OSError, ValueError):
            self._log(text)

    def _copy_output(self, name: str, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._say(f"{name:>6} | {line.rstrip()}")

    def _look_after(self) -> str:
        for program in self._programs:
            process = program.process
            if process is None or process.poll() is None:
                continue
            if program.once:
                if process.returncode:
                    self._say(f"{program.name} ended with status {process.returncode}")
                program.process = None
                continue
            fast = time.monotonic() - program.started_at < FAST_DEATH_SECONDS
            program.fast_deaths = program.fast_deaths + 1 if fast else 0
            if program.fast_deaths >= MAX_FAST_DEATHS:
                return program.name
            self._say(f"{program.name} died (status {process.returncode}); starting it again")
            self._start(program)
        return ""

    def _stop_all(self) -> None:
        running = [p for p in self._programs if p.process is not None and p.process.poll() is None]
        for program in running:
            _signal_group(program, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for program in running:
            if program.process is None:
                continue
            try:
                program.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(program, signal.SIGKILL)
                program.process.wait()
        deadline = time.monotonic() + LAST_WORDS_SECONDS  # what they started may hold the line open for longer
        for reader in self._readers:
            reader.join(max(0.0, deadline - time.monotonic()))


def _signal_group(program: Program, signum: signal.Signals) -> None:
    if program.process is None:
        return
    try:
        if signum == signal.SIGTERM:
            # The main process alone: it passes the word on, and its own children must finish their requests.
            program.process.send_signal(signum)
        else:
            os.killpg(program.process.pid, signum)
    except ProcessLookupError:
        pass
