"""Real workers of the portal, started by its own command line on the test's database and a doorbell of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.db import connection

from portal.programs import web_command, worker_command
from registry.jobs.queue import ensure_job
from registry.models import Event, Job
from tests.jobs_app.work import DONE
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
LONG = 300


@dataclass(frozen=True)
class Site:
    """A web server of its own."""

    process: subprocess.Popen[bytes]
    port: int

    def ask(self, path: str, body: object = None, **headers: str) -> tuple[int, str]:
        """Status and text of one request, a POST of JSON if there is a body; 0 where nobody answers."""
        if body is None:
            return self.send("GET", path, None, headers)
        return self.send("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})

    def send(self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]) -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, dict(headers), method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, repr(error)

    def status(self, path: str) -> int:
        return self.ask(path)[0]

    def is_refusing(self) -> bool:
        """Whether a connection is refused, which tells a proxy to go elsewhere."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except ConnectionRefusedError:
            return True
        return False


class Crew:
    """What is left running is killed by `dismiss`.

    `lease_seconds` is for workers to come. A short one is soon over; but a worker that gets no processor for as long
    loses its work and begins it again, so where no lease has to end, tests that count beginnings ask for a `LONG` one.
    """

    def __init__(self, folder: Path, *, redis_url: str = "", database_url: str = "") -> None:
        self.folder = folder
        self.log = folder / "log"
        self.redis_url = redis_url
        self.database_url = database_url
        self.lease_seconds = 2
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def doorbell(self) -> Path:
        return self.folder / "doorbell.sqlite3"

    @property
    def environment(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in ("PATH", "HOME", "DATABASE_URL", "TMPDIR") if name in os.environ}
        return {
            **passed,
            "DJANGO_SETTINGS_MODULE": "tests.jobs_app.settings",
            **({"REDIS_URL": self.redis_url} if self.redis_url else {}),
            "MODEL_COMMONS_DATA_DIR": str(self.folder),
            "MODEL_COMMONS_LEASE_SECONDS": str(self.lease_seconds),
            "MODEL_COMMONS_SWEEP_SECONDS": "1",
            "TEST_DATABASE_NAME": str(connection.settings_dict["NAME"]),
            **({"DATABASE_URL": self.database_url, "TEST_DATABASE_NAME": "portal"} if self.database_url else {}),
        }

    def start(
        self, *command: str, environment: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[bytes]:
        """A process in a group of its own, which writes to the log."""
        env = {**self.environment, **(environment or {})}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command or worker_command(), cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                stderr=log, start_new_session=True, **{"stdout": log, **options},
            )  # fmt: skip
        self._processes.append(process)
        return process

    def start_web(self, **environment: str) -> Site:
        """A web server on a free port, once it answers."""
        port = free_port()
        settings = {"MODEL_COMMONS_PORT": str(port), "MODEL_COMMONS_WEB_THREADS": "16", **environment}
        site = Site(self.start(*web_command(), environment=settings), port)
        self.await_that(lambda: site.process.poll() is not None or site.status("/healthz") == HTTPStatus.OK)
        assert site.process.poll() is None, self.log.read_text()[-4000:]
        return site

    def run_one(self, job: Job) -> subprocess.Popen[bytes]:
        return self.start(sys.executable, "-m", "tests.jobs_app.run_one", str(job.pk))

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """`kill -9` of the whole group: the worker and its children."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)

    def dismiss(self) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)
            if process.stdout is not None:
                process.stdout.close()

    def wipe_doorbell(self) -> None:
        for path in self.folder.glob("doorbell.sqlite3*"):
            path.unlink()

    def ring(self, *words: Job | str) -> None:
        """Put messages into the workers' broker: a job's id for a job."""
        broker = self.redis_url or f"sqla+sqlite:///{self.doorbell}"
        names = [str(word.pk) if isinstance(word, Job) else word for word in words]
        assert self.start(sys.executable, "-m", "tests.jobs_app.ring", broker, *names).wait(PATIENCE) == 0

    def starts(self) -> list[tuple[int, int, int]]:
        """(job, attempt, process) of each time that work began, in order."""
        path = self.folder / "started"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(int(job), int(attempt), int(pid)) for job, attempt, pid in map(str.split, lines)]

    def await_more_starts_than(self, count: int) -> None:
        self.await_that(lambda: len(self.starts()) > count)

    def release(self, job: Job) -> None:
        (self.folder / f"release-{job.pk}").touch()

    def await_that(self, what: Callable[[], object], *, seconds: float = PATIENCE) -> None:
        """Wait until it is so; fail with the workers' log if it never is."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, self.log.read_text()[-4000:]
            time.sleep(0.05)


def make_jobs(kind: str, count: int, *, key: str = "job") -> list[Job]:
    ids = [ensure_job(kind=kind, subject_id=number, key=f"{key}:{number}") for number in range(count)]
    return list(Job.objects.filter(pk__in=ids).order_by("pk"))


def done_once(jobs: Iterable[Job]) -> bool:
    """Whether each job ended well and its effect is there exactly once."""
    ids = [job.pk for job in jobs]
    effects = list(Event.objects.filter(tag=DONE).values_list("subject", flat=True))
    assert len(effects) == len(set(effects)), "an effect was written twice"
    ended = Job.objects.filter(pk__in=ids, state="succeeded").count() == len(ids)
    return ended and {f"job:{job_id}" for job_id in ids} <= set(effects)
