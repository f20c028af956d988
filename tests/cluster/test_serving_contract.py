"""What every serving backend promises, kept on a cluster under the Role of `deploy/`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.interfaces import CupPhase
from deployer.serving.kserve import KServeBackend
from tests.cluster.site import Site, reached
from tests.contracts.test_serving_backend import (  # noqa: F401  # pytest collects them here, with the fixture below
    Setting,
    gone,
    test_a_deleted_cup_is_gone_and_its_name_free,
    test_a_name_stands_for_one_version_for_ever,
    test_a_runtime_that_is_not_there_is_the_operators_matter,
    test_a_wrong_request_gets_the_protocols_error,
    test_an_applied_cup_becomes_ready_and_answers_under_its_name_and_version,
    test_an_unknown_cup_is_absent_and_every_question_about_it_has_an_answer,
    test_applying_again_changes_nothing,
    test_stopping_all_leaves_nothing,
    test_what_was_killed_is_failed_until_it_is_back,
)
from tests.deployer.serving import cups
from tests.fakes.blobs import InMemoryBlobStore


@pytest.fixture
def setting(site: Site, tmp_path: Path) -> Iterator[Setting]:
    if site.real is not None and "ready" not in site.natural:
        pytest.skip("no image is named that this cluster could serve")
    folder = tmp_path / "blobs"
    folder.mkdir()
    blobs = InMemoryBlobStore(folder)
    spec = cups.cup(blobs) if site.real is None else site.cup("cup", "ready")
    with contextlib.closing(site.backend()) as backend:
        yield Setting(
            backend, blobs, spec, reads_bytes=False, measures=False,
            kill=lambda name: play(site, backend, name, "killed", CupPhase.FAILED),
            revive=lambda name: play(site, backend, name, "killed_and_back", CupPhase.READY),
        )  # fmt: skip
        backend.stop_all()
        for name in backend.statuses():
            assert gone(backend, name) is CupPhase.ABSENT
        if site.player is not None:
            site.player.play("cup", "ready")


def play(site: Site, backend: KServeBackend, name: str, scenario: str, phase: CupPhase) -> None:
    """Let the player end or revive a replica, and wait until it is told."""
    if site.player is None:
        pytest.skip("the cluster's own kubelet cannot be told to leave a dead server dead")
    site.player.play(name, scenario)
    reached(
        backend, name, lambda one: one.phase is phase and (phase is CupPhase.FAILED or one.restarts > 0),
        seconds=site.longest,
    )  # fmt: skip
