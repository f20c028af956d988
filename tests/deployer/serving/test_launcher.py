from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deployer.errors import RuntimeUnavailableError
from deployer.serving import launcher, sandbox
from deployer.serving.cup_folder import CupFolder
from tests.deployer.serving import cups
from tests.fakes.blobs import InMemoryBlobStore

STARTS = 20


def test_a_start_that_fails_leaves_nothing_open(
    tmp_path: Path, blobs: InMemoryBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is repeated for as long as the environment is broken."""

    def broken(*_args: object, **_options: object) -> sandbox.Command:
        raise RuntimeUnavailableError("runtime.environment_broken")

    monkeypatch.setattr(sandbox, "confine", broken)
    folder = CupFolder(tmp_path, "cup")
    folder.path.mkdir()
    spec = cups.cup(blobs, "cup")
    launch = launcher.Launch(
        spec=spec, python=Path(sys.executable), adapter=tmp_path, mode="none", grace=1.0, restarts=0, failures=0
    )
    handles = Path("/proc/self/fd")
    before = len(list(handles.iterdir()))

    for _ in range(STARTS):
        with pytest.raises(RuntimeUnavailableError):
            launcher.start(folder, launch)

    # The process opens and closes others meanwhile, but not one at each start.
    assert len(list(handles.iterdir())) < before + STARTS
