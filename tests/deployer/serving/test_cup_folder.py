from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from deployer.errors import TransientError
from deployer.serving import cup_folder
from deployer.serving.cup_folder import CupFolder, Run
from deployer.serving.identity import ProcessIdentity, identify

PROCESS = ProcessIdentity(pid=7, start_ticks=8, boot_id="boot")
RUN = Run(process=PROCESS, mode="bubblewrap", started_at=1.0, restarts=0, failures=0)


@pytest.fixture
def folder(tmp_path: Path) -> CupFolder:
    made = CupFolder(tmp_path, "cup")
    made.path.mkdir()
    return made


def test_a_run_is_read_as_it_was_written(folder: CupFolder) -> None:
    assert folder.run() is None
    folder.write_run(RUN)
    assert folder.run() == RUN


def test_an_end_belongs_to_its_run(folder: CupFolder) -> None:
    folder.write_end(PROCESS, 137)
    end = folder.end(RUN)
    assert end is not None
    assert end.status == -9
    later = Run(
        process=ProcessIdentity(pid=7, start_ticks=9, boot_id="boot"),
        mode="none",
        started_at=2.0,
        restarts=1,
        failures=0,
    )
    assert folder.end(later) is None
    assert folder.ready_at(later) is None


def test_the_sandboxs_monitor_is_believed_when_nobody_else_saw_the_end(folder: CupFolder) -> None:
    folder.sandbox_status.write_text('{"child-pid": 7}\n{"exit-code": 3}\n')
    end = folder.wait_end(RUN)
    assert end.status == 3


def hasty(monkeypatch: pytest.MonkeyPatch, sleep: Callable[[float], object]) -> None:
    """A clock that a sleep alone moves, by a second."""
    seconds: list[float] = []

    def pause(span: float) -> None:
        seconds.append(span)
        sleep(span)

    clock = SimpleNamespace(
        time=time.time, monotonic_ns=time.monotonic_ns, monotonic=lambda: float(len(seconds)), sleep=pause
    )
    monkeypatch.setattr(cup_folder, "time", clock)


def test_an_end_that_nobody_sees_is_noted_at_once(folder: CupFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut nobody lives who could tell, of however many cups."""
    hasty(monkeypatch, lambda _span: pytest.fail("it waited"))
    assert folder.wait_end(RUN).status is None
    assert folder.end(RUN) is not None


@pytest.mark.parametrize(("seconds", "status"), [(3, -9), (60, None)])
def test_a_reaper_is_waited_for_some_seconds(
    folder: CupFolder, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int | None
) -> None:
    """A busy machine lets it run late; what it tells is the reason on record."""
    late = iter(range(seconds))
    hasty(monkeypatch, lambda _span: None if next(late, None) is not None else folder.write_end(PROCESS, -9))
    run = replace(RUN, reaper=identify(os.getpid()))
    folder.write_run(run)
    assert folder.run() == run
    assert folder.wait_end(run).status == status


def test_noting_an_end_does_not_bring_a_deleted_cup_back(folder: CupFolder, tmp_path: Path) -> None:
    with folder.locked(1):
        folder.remove()
    folder.write_end(PROCESS, 0)
    folder.note_ready(RUN)
    assert folder.note_silent() == 0
    assert [path.name for path in tmp_path.iterdir()] == [".locks"]


def test_one_holder_at_a_time_even_across_a_removal(folder: CupFolder) -> None:
    inside, most = 0, 0
    gate = threading.Lock()

    def hold(number: int) -> None:
        nonlocal inside, most
        for _ in range(20):
            with folder.locked(20):
                with gate:
                    inside += 1
                    most = max(most, inside)
                if number == 0:
                    folder.remove()
                with gate:
                    inside -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(hold, range(4)))
    assert most == 1


def test_who_waits_too_long_for_the_lock_may_try_again_later(folder: CupFolder) -> None:
    with folder.locked(1), pytest.raises(TransientError, match=r"serving\.busy"), folder.locked(0.1):
        pass


def test_a_log_stays_small_and_keeps_its_end(folder: CupFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cup_folder, "_LOG_BYTES", 1000)
    monkeypatch.setattr(cup_folder, "_LOG_KEPT", 100)
    with folder.log.open("ab", buffering=0) as writer:
        writer.write(b"old" * 500)
        folder.trim_log()
        assert folder.log.stat().st_size == 0
        writer.write(b"new")
    assert folder.log.read_bytes() == b"new"
    assert folder.log_tail(50) == (b"old" * 500 + b"new")[-50:]
    folder.rotate_log()
    assert folder.log_tail(3) == b"new"
    assert folder.last_output(3) == b""


def test_there_is_no_log_yet(folder: CupFolder) -> None:
    folder.trim_log()
    folder.rotate_log()
    assert folder.log_tail(10) == b""
