"""How much there is to promise: of this machine, or what a cluster gives."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.capacity import capacity
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
