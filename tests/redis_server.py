"""A Redis of a test's own: on a free port of the loopback address, with an append-only file, gone with the test."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import redis

from tests.ports import free_port

START_SECONDS = 20.0


class RedisServer:
    """May be stopped, started again with what it had written, frozen and emptied."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("redis-server")
        assert found, "redis-server is missing; `sh tests/install-programs.sh` installs it"
        self._program = found
        self._folder = folder
        folder.mkdir()
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "--bind", "127.0.0.1", "--port", str(self._port), "--dir", str(self._folder),
                 "--save", "", "--appendonly", "yes", "--appendfsync", "no"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.RedisError:
                assert time.monotonic() < deadline, (self._folder / "log").read_text(errors="replace")
                time.sleep(0.05)  # no event tells that another process's port answers

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_SECONDS)
            self._process = None

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)
