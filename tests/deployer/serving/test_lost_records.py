"""What a power cut or another process's end leaves of a cup's records."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from deployer.interfaces import CupPhase
from deployer.serving import cup_folder
from deployer.serving.cup_folder import CupFolder, Run
from deployer.serving.identity import ProcessIdentity
from deployer.serving.local import LocalServingBackend
from tests.deployer.serving import cups
from tests.fakes.blobs import InMemoryBlobStore

NOBODY = ProcessIdentity(pid=2**22 + 1, start_ticks=1, boot_id="another")
RUN = Run(process=NOBODY, mode="none", started_at=1.0, restarts=0, failures=0)
LOST = [b"", b"{", b"\xff\xfe"]


@pytest.fixture
def backend(tmp_path: Path, blobs: InMemoryBlobStore, monkeypatch: pytest.MonkeyPatch) -> LocalServingBackend:
    monkeypatch.setattr(cup_folder, "_REAP_WAIT", 0.0)
    made = LocalServingBackend(cups.config(tmp_path, blobs))
    for name in ("hurt", "whole"):
        folder = CupFolder(tmp_path, name)
        folder.write_spec(cups.cup(blobs, name))
        folder.write_run(RUN)
        folder.write_end(NOBODY, 1)
    return made


@pytest.mark.parametrize("content", LOST)
@pytest.mark.parametrize(
    ("name", "phase"),
    [("spec.json", CupPhase.ABSENT), ("run.json", CupPhase.STARTING), ("end.json", CupPhase.FAILED)],
)
def test_one_that_cannot_be_read_hurts_no_other_cup(
    backend: LocalServingBackend, tmp_path: Path, name: str, phase: CupPhase, content: bytes
) -> None:
    (tmp_path / "hurt" / name).write_bytes(content)

    assert backend.statuses()["whole"].phase is CupPhase.FAILED
    assert backend.status("hurt").phase is phase

    backend.stop_all()
    assert not (tmp_path / "hurt").exists()


def test_a_cup_that_is_taken_away_while_it_is_looked_at_is_absent(
    backend: LocalServingBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone_by_then(folder: CupFolder) -> None:
        folder.remove()

    monkeypatch.setattr(CupFolder, "run", gone_by_then)

    assert backend.statuses() == {}


def test_a_record_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = CupFolder(tmp_path, "cup")
    folder.path.mkdir()
    synced = []

    def fsync(_handle: int) -> None:
        synced.append((folder.path / "run.json").exists())

    monkeypatch.setattr(cup_folder, "os", SimpleNamespace(fsync=fsync, getpid=lambda: 1))
    folder.write_run(RUN)

    assert synced == [False]
    assert folder.run() == RUN
