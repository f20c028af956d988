"""A real web server on a data folder of its own, for what only a real one shows: kills, memory, slow connections."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.ports import free_port
from tests.registry.uploads.wire import CHUNK, COLLECTION, metadata

ROOT = Path(__file__).parents[3]
CSRF = "c" * 32
START_SECONDS = 60


@dataclass(frozen=True)
class Person:
    """A signed-in account with a draft."""

    name: str
    session: str
    draft: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"sessionid={self.session}; csrftoken={CSRF}", "X-CSRFToken": CSRF}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])


def environment(data_dir: Path, limits: Mapping[str, int] | None = None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    return kept | {
        "MODEL_COMMONS_DATA_DIR": str(data_dir),
        "DJANGO_SETTINGS_MODULE": "tests.registry.uploads.live_settings",
        "TEST_LIMITS": json.dumps(limits or {}),
        "PYTHONUNBUFFERED": "1",
    }


def prepare(data_dir: Path, *names: str) -> dict[str, Person]:
    """Tables and people in a new data folder."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.registry.uploads.live_people", *names],
        cwd=ROOT,
        env=environment(data_dir),
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = json.loads(made.stdout.splitlines()[-1])
    return {name: Person(name, facts["session"], facts["draft"]) for name, facts in found.items()}


@dataclass
class LiveServer:
    """Gunicorn as `up` starts it. Use as a context manager; `kill` and `start` as often as you like."""

    data_dir: Path
    limits: Mapping[str, int] = field(default_factory=dict)
    threads: int = 64
    port: int = 0

    def __enter__(self) -> Self:
        if not self.port:
            self.port = free_port()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        command = [
            sys.executable, "-m", "gunicorn", "portal.wsgi:application",
            "--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--threads", str(self.threads),
            "--timeout", "120",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(self.data_dir, self.limits),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.log: list[str] = []
        listening = threading.Event()
        self._reader = threading.Thread(target=self._read_log, args=(listening,))
        self._reader.start()
        if not listening.wait(START_SECONDS) or self.process.poll() is not None:
            self.kill()
            raise RuntimeError("the server did not start:\n" + "".join(self.log))

    def kill(self) -> None:
        """SIGKILL to the server and all its workers at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()

    def _read_log(self, listening: threading.Event) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stderr:
            for line in stderr:
                self.log.append(line)
                if "Booting worker" in line:
                    listening.set()
        listening.set()

    def worker(self) -> int:
        """The worker's process id."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def request(
        self,
        method: str,
        path: str,
        *,
        person: Person | None = None,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str | int] | None = None,
        timeout: float = 60,
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        sent = {**(person.headers if person else {}), **{name: str(value) for name, value in (headers or {}).items()}}
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def tus(self, method: str, path: str, person: Person, *, body: Any = None, **headers: str | int) -> Answer:
        """One tus request; underscores in header names become hyphens."""
        named = {"Tus-Resumable": "1.0.0"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request(method, path, person=person, body=body, headers=named)

    def create(self, person: Person, filename: str, length: int) -> str:
        raw = metadata(filename=filename, version=person.draft)
        answer = self.tus("POST", COLLECTION, person, Upload_Length=length, Upload_Metadata=raw)
        assert answer.status == 201, answer.body
        return answer.headers["Location"]

    def patch(
        self, url: str, person: Person, offset: int, body: bytes | Iterable[bytes], *, length: int | None = None
    ) -> Answer:
        size = len(body) if isinstance(body, bytes) else length
        assert size is not None
        named: dict[str, Any] = {"Upload_Offset": offset, "Content_Type": CHUNK, "Content_Length": size}
        return self.tus("PATCH", url, person, body=body, **named)

    def offset(self, url: str, person: Person) -> int:
        return int(self.tus("HEAD", url, person).headers["Upload-Offset"])

    @contextlib.contextmanager
    def open_chunk(self, url: str, person: Person, offset: int, length: int) -> Iterator[socket.socket]:
        """A connection on which a chunk has been announced but not sent."""
        lines = {
            "Host": f"127.0.0.1:{self.port}",
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": offset,
            "Content-Type": CHUNK,
            "Content-Length": length,
            **person.headers,
        }
        head = f"PATCH {url} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(head.encode())
            yield connection

    def part(self, url: str) -> Path:
        return self.data_dir / "uploads" / f"{url.rsplit('/', 1)[-1].replace('-', '')}.part"

    def blob(self, sha256: str) -> Path:
        return self.data_dir / "blobs" / "sha256" / sha256[:2] / sha256


def peak_memory(pid: int) -> int:
    """The most bytes that the process has held since `forget_peak_memory`."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def forget_peak_memory(pid: int) -> int:
    """Begin to count anew; returns the bytes held now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_memory(pid)
