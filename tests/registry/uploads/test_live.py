"""The upload server as a real program: killed, crowded, starved of disk, kept waiting."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import select
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.registry.uploads.live import Answer, LiveServer, Person, forget_peak_memory, peak_memory, prepare
from tests.registry.uploads.tus import CHUNK

MIB = 1 << 20
WAIT_SECONDS = 120.0

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Person]]:
    folder = tmp_path_factory.mktemp("prepared")
    return folder, prepare(folder, "ada", "bob")


@pytest.fixture
def ada(prepared: tuple[Path, dict[str, Person]]) -> Person:
    return prepared[1]["ada"]


@pytest.fixture
def data_dir(prepared: tuple[Path, dict[str, Person]], tmp_path: Path) -> Path:
    return shutil.copytree(prepared[0], tmp_path / "data")


@pytest.fixture
def server(data_dir: Path) -> Iterator[LiveServer]:
    limits = {"uploads_at_once_per_account": 60, "disk_reserve_bytes": 0}
    with LiveServer(data_dir, limits) as running:
        yield running


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # what the server does shows only when it is asked


class DoomedChunk:
    """Sends a chunk from a thread; `doom` is set when the given part of it has been handed to the system."""

    def __init__(self, server: LiveServer, url: str, person: Person, *, offset: int, data: bytes, doom_at: int) -> None:
        self.doom = threading.Event()
        self._thread = threading.Thread(target=self._send, args=(server, url, person, offset, data, doom_at))
        self._thread.start()

    def _send(self, server: LiveServer, url: str, person: Person, offset: int, data: bytes, doom_at: int) -> None:  # noqa: PLR0917  # a thread's arguments
        with contextlib.suppress(OSError), server.open_chunk(url, person, offset, len(data)) as connection:
            connection.sendall(data[:doom_at])
            self.doom.set()
            connection.sendall(data[doom_at:])
            connection.recv(1)
        self.doom.set()

    def join(self) -> None:
        self._thread.join()


def survive_kills(server: LiveServer, ada: Person, *, kills: int) -> None:
    chance = random.Random(kills)
    data = chance.randbytes(24 * MIB)
    url = server.create(ada, "model.onnx", len(data))
    offset = 0
    for _ in range(kills):
        # Each chunk ends before the file does, so that every kill finds an upload to break.
        end = offset + min(4 * MIB, (len(data) - offset) // 2)
        chunk = data[offset:end]
        sending = DoomedChunk(server, url, ada, offset=offset, data=chunk, doom_at=chance.randrange(len(chunk)))
        sending.doom.wait(WAIT_SECONDS)
        server.kill()
        sending.join()
        arrived = server.part(url).read_bytes() if server.part(url).exists() else b""
        server.start()
        assert server.offset(url, ada) == len(arrived) >= offset
        assert arrived == data[: len(arrived)]
        offset = len(arrived)
    assert server.patch(url, ada, offset, data[offset:]).status == 204
    assert server.blob(hashlib.sha256(data).hexdigest()).read_bytes() == data


def test_an_upload_survives_kills(server: LiveServer, ada: Person) -> None:
    survive_kills(server, ada, kills=3)


@pytest.mark.long
def test_an_upload_survives_20_kills(server: LiveServer, ada: Person) -> None:
    survive_kills(server, ada, kills=20)


def crowd(server: LiveServer, ada: Person, *, rounds: int) -> None:
    clients, size = 50, 64 * 1024
    url = server.create(ada, "model.onnx", (rounds + 1) * size)
    gate = threading.Barrier(clients)

    def send(number: int, offset: int) -> int:
        gate.wait(WAIT_SECONDS)
        return server.patch(url, ada, offset, bytes([number]) * size).status

    with ThreadPoolExecutor(clients) as pool:
        for done in range(rounds):
            statuses = list(pool.map(send, range(clients), [done * size] * clients))
            assert statuses.count(204) == 1
            assert set(statuses) <= {204, 409, 423}
            winner = bytes([statuses.index(204)]) * size
            assert server.part(url).read_bytes()[done * size :] == winner


def test_of_50_clients_at_one_offset_one_writes(server: LiveServer, ada: Person) -> None:
    crowd(server, ada, rounds=2)


@pytest.mark.long
def test_of_50_clients_at_one_offset_one_writes_20_times(server: LiveServer, ada: Person) -> None:
    crowd(server, ada, rounds=20)


def test_the_declared_size_binds_on_the_wire(server: LiveServer, ada: Person) -> None:
    url = server.create(ada, "model.onnx", 10)

    def chunk(body: bytes | Iterator[bytes] | None, **headers: str | int) -> int:
        named: dict[str, Any] = {"Upload_Offset": 0, "Content_Type": CHUNK} | headers
        return server.tus("PATCH", url, ada, body=body, **named).status

    assert chunk(iter([b"hello"])) == 411  # http.client sends an iterator of unknown length chunked
    assert chunk(b"eleven byte", Content_Length=11) == 413
    assert chunk(None, Content_Length="-1") == 400
    assert chunk(None, Content_Length="9" * 18) == 413
    assert server.offset(url, ada) == 0


def test_a_refused_body_does_not_spoil_the_connection(server: LiveServer, ada: Person) -> None:
    """The client learns the 409 although its body was on the way, and the upload goes on."""
    url = server.create(ada, "model.onnx", 4 * MIB)
    assert server.patch(url, ada, 1, b"x" * MIB).status == 409
    assert server.patch(url, ada, 0, b"x" * 4 * MIB).status == 204


def flat_memory(server: LiveServer, ada: Person, *, mebibytes: int) -> None:
    block = os.urandom(MIB)
    warm = server.create(ada, "warm.onnx", 8 * MIB)
    assert server.patch(warm, ada, 0, block * 8).status == 204
    url = server.create(ada, "model.onnx", mebibytes * MIB)
    before = forget_peak_memory(server.worker())
    answer = server.patch(url, ada, 0, (block for _ in range(mebibytes)), length=mebibytes * MIB)
    assert answer.status == 204
    assert peak_memory(server.worker()) - before < 64 * MIB


def test_memory_is_flat(server: LiveServer, ada: Person) -> None:
    flat_memory(server, ada, mebibytes=256)


@pytest.mark.long
def test_memory_is_flat_over_a_gibibyte(server: LiveServer, ada: Person) -> None:
    flat_memory(server, ada, mebibytes=1024)


def test_slow_uploads_do_not_stop_the_site(server: LiveServer, ada: Person) -> None:
    urls = [server.create(ada, f"{number}.onnx", 10_000) for number in range(60)]
    server.request("GET", "/")
    stop = threading.Event()
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(server.open_chunk(url, ada, 0, 10_000)) for url in urls]

        def drip() -> None:
            with contextlib.suppress(OSError):  # cut off, which the answers tell
                while not stop.is_set():
                    for connection in slow:
                        connection.sendall(b"x")
                    stop.wait(1)

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            wait_until(lambda: all(server.part(url).exists() for url in urls))
            for _ in range(50):
                assert server.request("GET", "/").status == 200
            answered, _, _ = select.select(slow, [], [], 0)
        finally:
            stop.set()
            dripping.join()
        assert answered == [], "they were on their way all the time"
    wait_until(lambda: all(server.offset(url, ada) for url in urls[:5]))  # cut off by now: what came is kept


@pytest.fixture
def small_disk(prepared: tuple[Path, dict[str, Person]], tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a tmpfs: {mounted.stderr.strip()}")
    try:
        yield shutil.copytree(prepared[0], disk / "data")
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_a_message(small_disk: Path, ada: Person) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(30 * MIB))
    data = random.Random(16).randbytes(40 * MIB)
    with LiveServer(small_disk, {"disk_reserve_bytes": 8 * MIB}) as server:
        url = server.create(ada, "model.onnx", len(data))
        answers = [server.patch(url, ada, start * 8 * MIB, data[start * 8 * MIB :][: 8 * MIB]) for start in range(4)]
        full = next(answer for answer in answers if answer.status != 204)
        assert (full.status, full.code) == (507, "upload.disk_full")
        offset = server.offset(url, ada)
        assert int(full.headers["Upload-Offset"]) == offset
        assert 8 * MIB < offset < 32 * MIB
        assert server.part(url).read_bytes() == data[:offset]
        assert server.patch(url, ada, offset, data[offset:][:MIB]).status == 507
        for path in ("/", "/mine/", f"/drafts/{ada.draft}/files/"):
            assert server.request("GET", path, person=ada).status == 200
        offset = server.offset(url, ada)
        ballast.unlink()
        assert server.patch(url, ada, offset, data[offset:]).status == 204
        assert server.blob(hashlib.sha256(data).hexdigest()).stat().st_size == len(data)


def test_a_client_that_breaks_off_loses_nothing_that_arrived(server: LiveServer, ada: Person) -> None:
    url = server.create(ada, "model.onnx", 3 * MIB)
    with server.open_chunk(url, ada, 0, 3 * MIB) as connection:
        connection.sendall(b"x" * (MIB + 12345))
        connection.shutdown(1)
        wait_until(lambda: server.offset(url, ada) == MIB + 12345)
    rest = b"y" * (2 * MIB - 12345)
    answers: list[Answer] = []

    def is_let_in() -> bool:
        """The bytes are seen a moment before their writer has left."""
        answers.append(server.patch(url, ada, MIB + 12345, rest))
        return answers[-1].status != 423

    wait_until(is_let_in)
    assert answers[-1].status == 204
