"""The local backend's processes: found again, started again, never confused, all stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.errors import ConflictError, IntegrityError, NotFoundError, TransientError, UserError
from deployer.interfaces import CupPhase, CupStatus, FileEntry
from deployer.serving import identity, sandbox
from deployer.serving.cup_folder import CupFolder
from deployer.serving.local import LocalServingBackend
from tests.deployer.serving import cups
from tests.fakes.blobs import InMemoryBlobStore

pytestmark = pytest.mark.runtimes
ROW = cups.tensor([1.0, 2.0, 3.0, 4.0], shape=[1, 4])
APPLY_AND_LEAVE = """
import sys
from pathlib import Path
from tests.deployer.serving import cups
from tests.fakes.blobs import InMemoryBlobStore
from deployer.serving.local import LocalServingBackend

blobs = InMemoryBlobStore(Path(sys.argv[2]))
backend = LocalServingBackend(cups.config(Path(sys.argv[1]), blobs))
backend.apply(cups.cup(blobs))
"""


def pid_of(backend: LocalServingBackend, name: str) -> int:
    return int(backend.status(name).identity.partition(":")[0])


def another_worker_applies(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", APPLY_AND_LEAVE, str(tmp_path / "cups"), str(tmp_path / "blobs")]
    subprocess.run(arguments, check=True, timeout=60, cwd=cups.ROOT)


def processes_mentioning(folder: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(folder) in command:
            found.append(command)
    return found


def test_a_later_worker_finds_what_an_earlier_one_started(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, tmp_path: Path
) -> None:
    another_worker_applies(tmp_path)
    status = cups.settled(backend, "cup")
    assert status.phase is CupPhase.READY
    assert cups.infer(backend, "cup", ROW)[0] == 200
    assert backend.apply(cups.cup(blobs)).identity == status.identity


def test_a_later_worker_learns_how_a_process_ended_and_starts_it_again(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, tmp_path: Path
) -> None:
    another_worker_applies(tmp_path)
    before = cups.settled(backend, "cup")
    server = identity.children(pid_of(backend, "cup")) or [pid_of(backend, "cup")]
    os.kill(server[0], signal.SIGKILL)
    # The worker that could reap it is gone, so only the sandbox's monitor can still tell.
    confined = sandbox.choose("auto") == "bubblewrap"
    assert wait_failed(backend, "cup").code == ("serving.killed" if confined else "serving.gone")
    after = cups.serve(backend, cups.cup(blobs))
    assert (after.restarts, after.identity != before.identity) == (1, True)


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.long)])
def test_what_is_killed_again_and_again_is_back_each_time(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, rounds: int
) -> None:
    spec = cups.cup(blobs)
    cups.serve(backend, spec)
    for _ in range(rounds):
        end = time.monotonic() + 60
        killed = backend.status("cup").identity
        os.kill(pid_of(backend, "cup"), signal.SIGKILL)
        while (status := backend.status("cup")).identity == killed or status.phase is not CupPhase.READY:
            assert time.monotonic() < end, status
            backend.apply(spec)
            time.sleep(0.1)
    assert backend.status("cup").restarts == rounds


def test_what_never_becomes_ready_is_tried_again_at_once_and_then_after_a_pause(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = cups.cup_of(blobs, b"this is no booster", runtime="xgboost-json")
    backend.apply(spec)
    status = cups.settled(backend, "cup")
    assert (status.phase, status.code) == (CupPhase.FAILED, "serving.load_failed")
    assert backend.apply(spec).restarts == 1  # the first new try comes at once
    cups.settled(backend, "cup")
    folder = CupFolder(tmp_path / "cups", "cup")
    last = folder.run()
    assert last is not None
    end = folder.end(last)
    assert end is not None
    with monkeypatch.context() as at_its_end:
        at_its_end.setattr(time, "time", lambda: end.at)
        paused = backend.apply(spec)
    assert (paused.phase, paused.code, paused.restarts) == (CupPhase.FAILED, "serving.load_failed", 1)
    assert paused.params["retry_in"] == 2
    assert "does not load" in backend.logs("cup")
    assert "booster" not in str(backend.status("cup"))


def test_a_stale_pid_that_now_belongs_to_somebody_else_is_left_alone(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, tmp_path: Path
) -> None:
    spec = cups.cup(blobs)
    cups.serve(backend, spec)
    folder = CupFolder(tmp_path / "cups", "cup")
    run = folder.run()
    assert run is not None
    os.kill(run.process.pid, signal.SIGKILL)
    wait_failed(backend, "cup")
    with subprocess.Popen(["sleep", "60"]) as bystander:
        folder.write_run(replace(run, process=replace(run.process, pid=bystander.pid)))
        assert backend.status("cup").phase is CupPhase.FAILED
        cups.serve(backend, spec)
        backend.delete("cup")
        assert bystander.poll() is None
        bystander.kill()


def test_two_workers_at_once_start_one_process(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, tmp_path: Path
) -> None:
    spec = cups.cup(blobs)
    other = LocalServingBackend(cups.config(tmp_path / "cups", blobs))
    barrier = threading.Barrier(6)

    def apply(number: int) -> str:
        barrier.wait()
        return (backend if number % 2 else other).apply(spec).identity

    with ThreadPoolExecutor(6) as pool:
        identities = set(pool.map(apply, range(6)))
    assert identities == {cups.settled(backend, "cup").identity}
    assert backend.status("cup").restarts == 0


def test_stopping_lets_a_request_in_flight_finish(backend: LocalServingBackend, blobs: InMemoryBlobStore) -> None:
    cups.serve(backend, cups.cup_of(blobs, b"", "probe", runtime="probe"))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(cups.probe, backend, "probe", "sleep 1.5")
        while "sleeping" not in backend.logs("probe"):
            time.sleep(0.02)
        backend.delete("probe")
        assert answer.result(60) == ["got through: None"]
    assert backend.status("probe").phase is CupPhase.ABSENT


def test_a_slow_model_times_out_while_it_stays_ready(backend: LocalServingBackend, blobs: InMemoryBlobStore) -> None:
    cups.serve(backend, cups.cup_of(blobs, b"", "probe", runtime="probe"))
    sleep = cups.tensor(["sleep 600"], shape=[1], datatype="BYTES")
    with pytest.raises(TransientError, match=r"serving\.timeout"):
        cups.infer(backend, "probe", sleep, timeout=0.3)
    assert backend.status("probe").phase is CupPhase.READY
    os.kill(pid_of(backend, "probe"), signal.SIGKILL)  # whoever stops it would let the request end


def test_a_model_that_ends_the_process_is_reported_with_its_status(
    backend: LocalServingBackend, blobs: InMemoryBlobStore
) -> None:
    cups.serve(backend, cups.cup_of(blobs, b"", "probe", runtime="probe"))
    with pytest.raises(TransientError, match=r"serving\.unreachable"):
        cups.infer(backend, "probe", cups.tensor(["exit 3"], shape=[1], datatype="BYTES"))
    status = wait_failed(backend, "probe")
    assert (status.code, dict(status.params)) == ("serving.exited", {"status": 3})


def test_a_model_that_loads_for_too_long_has_timed_out_and_can_be_tried_again(
    blobs: InMemoryBlobStore, tmp_path: Path, xgboost_environment: None
) -> None:
    backend = LocalServingBackend(cups.config(tmp_path / "cups", blobs, start_timeout=3.0, stop_timeout=1.0))
    try:
        spec = cups.cup_of(blobs, b"sleep 600", "probe", runtime="probe")
        before = backend.apply(spec)
        status = cups.settled(backend, "probe")
        assert (status.phase, status.code) == (CupPhase.FAILED, "serving.start_timeout")
        after = backend.apply(spec)
        assert (after.phase, after.identity != before.identity) == (CupPhase.STARTING, True)
    finally:
        backend.stop_all()
    assert processes_mentioning(tmp_path) == []


def test_a_huge_body_is_refused_by_the_model_server(backend: LocalServingBackend, blobs: InMemoryBlobStore) -> None:
    cups.serve(backend, cups.cup(blobs))
    status, answer = cups.post(backend, "cup", "/v2/models/article-quality/infer", b" " * (17 << 20))
    assert (status, list(answer)) == (413, ["error"])
    assert cups.infer(backend, "cup", ROW)[0] == 200


def test_a_folder_too_deep_for_a_socket_address_serves_all_the_same(
    blobs: InMemoryBlobStore, tmp_path: Path, xgboost_environment: None
) -> None:
    backend = LocalServingBackend(cups.config(tmp_path / ("deep" * 30) / ("deeper" * 20), blobs))
    try:
        cups.serve(backend, cups.cup(blobs))
        assert cups.infer(backend, "cup", ROW)[0] == 200
    finally:
        backend.stop_all()


def test_stopping_all_leaves_no_process_and_no_folder(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, tmp_path: Path
) -> None:
    for name in ("one", "two", "three"):
        backend.apply(cups.cup(blobs, name))
    cups.settled(backend, "two")
    backend.stop_all()
    assert [str(path) for path in (tmp_path / "cups").rglob("*")] == [str(tmp_path / "cups" / ".locks")]
    assert processes_mentioning(tmp_path) == []


def test_a_missing_blob_leaves_no_cup(backend: LocalServingBackend, blobs: InMemoryBlobStore) -> None:
    spec = cups.cup(blobs)
    blobs.delete(spec.files[0].sha256)
    with pytest.raises(NotFoundError):
        backend.apply(spec)
    assert backend.statuses() == {}


def test_bytes_that_change_while_a_cup_is_down_keep_it_down(
    backend: LocalServingBackend, blobs: InMemoryBlobStore
) -> None:
    spec = cups.cup(blobs)
    cups.serve(backend, spec)
    os.kill(pid_of(backend, "cup"), signal.SIGKILL)
    wait_failed(backend, "cup")
    stored = blobs.local_path(spec.files[0].sha256)
    stored.chmod(0o644)
    with stored.open("r+b") as stream:
        stream.write(b"[")
    with pytest.raises(IntegrityError, match=r"serving\.bytes_changed"):
        backend.apply(spec)
    assert backend.status("cup").phase is CupPhase.FAILED


@pytest.mark.parametrize("path", ["../escape.json", "/etc/escape.json", "", "a/../../b"])
def test_a_file_outside_the_models_folder_is_refused(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, path: str
) -> None:
    spec = cups.cup(blobs)
    entry = spec.files[0]
    with pytest.raises(UserError, match=r"serving\.bad_file_path"):
        backend.apply(replace(spec, files=(FileEntry(path=path, sha256=entry.sha256, size=entry.size),)))


@pytest.mark.parametrize("name", ["../up", "Upper", "", "a" * 41, "-dash", "a/b"])
def test_a_name_that_is_no_label_is_refused(backend: LocalServingBackend, blobs: InMemoryBlobStore, name: str) -> None:
    with pytest.raises(UserError, match=r"serving\.bad_name"):
        backend.apply(replace(cups.cup(blobs), name=name))


def test_an_answer_that_names_something_else_is_a_conflict(
    backend: LocalServingBackend, blobs: InMemoryBlobStore
) -> None:
    spec = cups.cup(blobs)
    backend.apply(spec)
    with pytest.raises(ConflictError):
        backend.apply(replace(spec, memory_bytes=2 << 30))


def test_the_weights_are_linked_not_copied(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, tmp_path: Path
) -> None:
    spec = cups.cup(blobs)
    backend.apply(spec)
    stored = blobs.local_path(spec.files[0].sha256)
    assert (tmp_path / "cups" / "cup" / "models" / "binary.json").stat().st_ino == stored.stat().st_ino


def test_nothing_of_a_request_or_a_secret_is_on_the_command_line(
    backend: LocalServingBackend, blobs: InMemoryBlobStore, tmp_path: Path
) -> None:
    cups.serve(backend, cups.cup(blobs))
    commands = processes_mentioning(tmp_path)
    assert commands
    assert json.dumps(commands).count(blobs.local_path(cups.cup(blobs).files[0].sha256).name) == 0


def wait_failed(backend: LocalServingBackend, name: str) -> CupStatus:
    deadline = time.monotonic() + 60
    while (status := backend.status(name)).phase is not CupPhase.FAILED:
        assert time.monotonic() < deadline, status
        time.sleep(0.02)
    return status
