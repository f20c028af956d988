"""How much there is to promise: of this machine, or what a cluster gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployer.capacity import capacity, disk, measure_environments
from tests.deployer import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


def test_a_clusters_share_counts_and_not_the_portals_own_machine(settings: Any) -> None:
    machine = capacity()
    share = {"cpu_millis": 500, "memory_bytes": 1 << 40}
    settings.BACKENDS = {**settings.BACKENDS, "serving": {**settings.BACKENDS["serving"], "capacity": share}}
    scene.served()

    found = capacity()

    assert (found.cpu_total, found.memory_total) == (500, 1 << 40)
    assert found.exceeded, "one core is asked for"
    assert machine.cpu_total >= 1000


def test_environments_are_measured_by_the_sweep_and_files_with_two_names_count_once(
    settings: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    serving = {**settings.BACKENDS["serving"], "options": {"environments_dir": folder}}
    settings.BACKENDS = {**settings.BACKENDS, "serving": serving}
    (folder / "one").write_bytes(b"x" * 10_000)
    (folder / "two").hardlink_to(folder / "one")
    assert disk().environment_bytes is None, "no page walks through ten thousands of files"

    measure_environments()
    measured = disk().environment_bytes
    assert measured is not None
    assert 10_000 <= measured < 20_000

    (folder / "three").write_bytes(b"x" * 10_000)
    measure_environments()
    assert disk().environment_bytes == measured, "it was measured just now"
