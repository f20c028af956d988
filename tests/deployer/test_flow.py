from __future__ import annotations

import pytest

from registry.models import TrialRun
from tests.deployer import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


def test_a_trial_sends_a_version_that_answers_as_expected_to_review() -> None:
    version = scene.in_review()

    trial = TrialRun.objects.get(version=version)
    assert trial.passed
    assert trial.requests == 21
    assert [row["matches"] for row in trial.examples] == [True]
    assert 0 < (trial.p50_ms or 0) <= (trial.p95_ms or 0)
    assert version.image_digest == trial.image_digest in scene.builder().images
    assert scene.serving().statuses() == {}


def test_an_approval_leads_to_a_served_version() -> None:
    rollout = scene.served()

    endpoint = rollout.endpoint
    endpoint.refresh_from_db()
    assert endpoint.name == "vera-sums"
    assert endpoint.current == rollout
    assert set(scene.serving().statuses()) == {rollout.cup_name}
    assert rollout.image_digest == rollout.version.image_digest
    assert [phase["name"] for phase in rollout.phases] == ["waiting", "starting", "verifying"]
    assert all(phase["seconds"] >= 0 for phase in rollout.phases)
    assert scene.tags(rollout.version) == [
        "version:in_review",
        "review:approve",
        "version:approved",
        "image_build:queued",
        "image_build:building",
        "image_build:succeeded",
        "rollout:pending",
        "rollout:applying",
        "rollout:ready",
    ]


def test_only_the_model_file_is_packaged() -> None:
    scene.in_review()

    (spec,) = scene.builder().builds
    assert [entry.path for entry in spec.files] == ["model.json"]
