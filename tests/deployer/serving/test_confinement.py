"""A served model cannot reach anything: not the network, not its neighbours, not the portal (and it is tried)."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.interfaces import CupPhase
from deployer.serving import sandbox
from deployer.serving.local import LocalServingBackend
from tests.deployer.serving import cups
from tests.fakes.blobs import InMemoryBlobStore

pytestmark = [
    pytest.mark.runtimes,
    pytest.mark.skipif(sandbox.choose("auto") != "bubblewrap", reason="bubblewrap does not work on this machine"),
]
MIB = 1 << 20


@pytest.fixture
def canary() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def only_unshare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("unshare", "true"):
        (programs / name).symlink_to(shutil.which(name) or pytest.skip(f"{name} is not installed"))
    monkeypatch.setenv("PATH", str(programs))
    sandbox._works.cache_clear()
    yield
    sandbox._works.cache_clear()


@pytest.fixture
def neighbour(backend: LocalServingBackend, blobs: InMemoryBlobStore) -> str:
    cups.serve(backend, cups.cup(blobs, "neighbour"))
    return "neighbour"


def test_a_model_cannot_phone_home(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, canary: int, neighbour: str, tmp_path: Path
) -> None:
    cups.serve(backend, cups.cup_of(blobs, b"", "probe", runtime="probe"))
    results = cups.probe(
        backend,
        "probe",
        f"tcp 127.0.0.1 {canary}",
        f"tcp ::1 {canary}",
        "tcp 10.0.0.1 80",
        "tcp 192.0.2.1 443",
        "tcp 2001:db8::1 443",
        "dns example.org",
        "tcp 169.254.169.254 80",
        f"unix {tmp_path / 'cups' / neighbour / 'socket'}",
        f"read {tmp_path / 'cups' / neighbour / 'models' / 'binary.json'}",
    )
    assert [result for result in results if not result.startswith("refused: ")] == []


def test_a_model_cannot_touch_the_machine(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, neighbour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "planted")
    cups.serve(backend, cups.cup_of(blobs, b"", "probe", runtime="probe"))
    neighbours_pid = backend.status(neighbour).identity.partition(":")[0]
    results = cups.probe(
        backend,
        "probe",
        "environ SECRET_KEY",
        f"signal {neighbours_pid}",
        f"signal {os.getpid()}",
        "read /etc/passwd",
        f"read {Path(__file__)}",
        "write /mnt/models/model.json",
        "write /opt/server/start.py",
        "write /file",
        "write /dev/shm/file",
        f"write {cups.XGBOOST.requirements}",
    )
    assert [result for result in results if not result.startswith("refused: ")] == []
    processes = cups.probe(backend, "probe", "list /proc")[0]
    assert "'1'" in processes
    assert f"'{os.getpid()}'" not in processes


def test_it_inherits_no_more_than_its_output_and_its_socket(
    backend: LocalServingBackend, blobs: InMemoryBlobStore
) -> None:
    # The third is what the model is listed with, the folder of descriptors itself.
    cups.serve(backend, cups.cup_of(blobs, b"list /proc/self/fd", "probe", runtime="probe"))
    listed = backend.logs("probe").partition("got through: ")[2].strip()
    assert len(listed.split(",")) <= 6, listed


def test_the_same_probes_get_through_where_nothing_confines_them(
    blobs: InMemoryBlobStore, canary: int, tmp_path: Path, xgboost_environment: None
) -> None:
    backend = LocalServingBackend(cups.config(tmp_path / "cups", blobs, sandbox="none"))
    try:
        cups.serve(backend, cups.cup_of(blobs, b"", "probe", runtime="probe"))
        results = cups.probe(
            backend,
            "probe",
            f"tcp 127.0.0.1 {canary}",
            f"unix {tmp_path / 'cups' / 'probe' / 'socket'}",
            f"read {Path(__file__)}",
            f"signal {os.getpid()}",
        )
        assert [result for result in results if not result.startswith("got through: ")] == []
    finally:
        backend.stop_all()


def test_memory_beyond_the_cups_share_is_refused_and_the_cup_lives_on(
    backend: LocalServingBackend, blobs: InMemoryBlobStore
) -> None:
    before = cups.serve(backend, cups.cup_of(blobs, b"", "probe", runtime="probe", memory_bytes=512 * MIB))
    assert cups.probe(backend, "probe", f"allocate {64 * MIB}") == [str(64 * MIB)]
    status, answer = cups.infer(backend, "probe", cups.tensor([f"allocate {1024 * MIB}"], shape=[1], datatype="BYTES"))
    assert (status, answer) == (500, {"error": "The model ran out of memory on this request."})
    after = backend.status("probe")
    assert (after.phase, after.identity) == (CupPhase.READY, before.identity)
    assert after.peak_memory_bytes is not None
    assert before.memory_bytes is not None
    assert after.peak_memory_bytes >= before.memory_bytes + 60 * MIB


def test_a_model_that_does_not_fit_says_so(backend: LocalServingBackend, blobs: InMemoryBlobStore) -> None:
    too_much = f"allocate {2048 * MIB}".encode()
    backend.apply(cups.cup_of(blobs, too_much, "probe", runtime="probe", memory_bytes=512 * MIB))
    status = cups.settled(backend, "probe")
    assert (status.phase, status.code) == (CupPhase.FAILED, "serving.out_of_memory")


def test_memory_is_counted_over_the_whole_sandbox(backend: LocalServingBackend, blobs: InMemoryBlobStore) -> None:
    status = cups.serve(backend, replace(cups.cup(blobs), name="sized"))
    assert status.memory_bytes is not None
    assert 60 * MIB < status.memory_bytes < 400 * MIB  # the interpreter and the frameworks, not only the sandbox's init


def test_without_bubblewrap_the_network_is_still_out_of_reach(
    blobs: InMemoryBlobStore,
    canary: int,
    tmp_path: Path,
    xgboost_environment: None,
    only_unshare: None,
) -> None:
    assert sandbox.choose("auto") == "network"
    backend = LocalServingBackend(cups.config(tmp_path / "cups", blobs))
    try:
        cups.serve(backend, cups.cup_of(blobs, b"", "probe", runtime="probe"))
        results = cups.probe(backend, "probe", f"tcp 127.0.0.1 {canary}", "tcp 192.0.2.1 443", "dns example.org")
        assert [result for result in results if not result.startswith("refused: ")] == []
    finally:
        backend.stop_all()
