"""When a dead cup may be started again."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.serving import identity
from deployer.serving.cup_folder import CupFolder, Run
from deployer.serving.identity import ProcessIdentity
from deployer.serving.local import LASTED, restart_pause


@pytest.fixture
def folder(tmp_path: Path) -> CupFolder:
    made = CupFolder(tmp_path, "cup")
    made.path.mkdir()
    return made


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> float:
    """The clock stands still, however long a step takes."""
    moment = time.time()
    monkeypatch.setattr(time, "time", lambda: moment)
    return moment


def dead_run(failures: int) -> Run:
    process = ProcessIdentity(pid=1, start_ticks=1, boot_id=identity.boot_id())
    return Run(process=process, mode="none", started_at=time.time(), restarts=failures, failures=failures)


@pytest.mark.parametrize(("failures", "most"), [(0, 0), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (60, 60)])
def test_what_was_never_ready_waits_twice_as_long_each_time(folder: CupFolder, failures: int, most: float) -> None:
    pause = restart_pause(folder, dead_run(failures))
    assert pause == most


def test_what_was_ready_once_waits_three_seconds_at_most(folder: CupFolder) -> None:
    run = dead_run(20)
    folder.note_ready(run)
    folder.write_end(run.process, -9)
    assert restart_pause(folder, run) == 3


def test_what_had_served_for_a_while_is_started_at_once(folder: CupFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run = dead_run(20)
    folder.note_ready(run)
    later = time.time() + LASTED + 1
    monkeypatch.setattr(time, "time", lambda: later)
    folder.write_end(run.process, 1)
    assert restart_pause(folder, run) == 0


def test_what_a_restart_of_the_machine_ended_is_started_at_once(folder: CupFolder) -> None:
    run = dead_run(20)
    assert restart_pause(folder, replace(run, process=replace(run.process, boot_id="another"))) == 0
