"""What a cluster says of a cup and what the portal makes of it: each case by name, with its end and its message."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from deployer.interfaces import CupPhase, CupSpec
from deployer.serving.kserve import KServeBackend
from tests.cluster.site import Site, reached, serves

Play = Callable[[str, str], CupSpec]
ISVC = ("serving.kserve.io/v1beta1", "InferenceService")
HELD = "model-commons.test/held"
# What comes about, and what the portal must come to say.
FAILURES = {
    "pull_error": "kserve.image_missing",
    "empty_image": "kserve.image_without_models",
    "no_runtime": "kserve.no_runtime",
    "quota": "kserve.quota",
    "unschedulable": "kserve.no_capacity",
    "oom": "serving.out_of_memory",
    "bad_model_file": "serving.load_failed",
    "crash_after_ready": "serving.exited",
    "killed": "serving.killed",
    "flapping": "kserve.flapping",
    "unreachable": "kserve.predictor_unreachable",
    "controller_down": "kserve.controller_down",
}
# How a real node may fail to pull an image of a registry that is not there.
PULLS = {
    "kserve.image_missing", "kserve.image_denied", "kserve.registry_unreachable", "kserve.registry_untrusted",
    "kserve.image_pull_failed", "kserve.runtime_image_failed",
}  # fmt: skip
SUCCESSES = (
    "ready", "first_status_false", "ready_from_old_pods", "observed_generation_of_another", "failure_info_that_stays",
)  # fmt: skip


@pytest.mark.parametrize("scenario", FAILURES)
def test_a_cup_that_cannot_serve_fails_with_its_cause(
    site: Site, patient: KServeBackend, play: Play, scenario: str
) -> None:
    spec = play(f"cup-{scenario.replace('_', '-')}", scenario)
    patient.apply(spec)
    codes = PULLS if site.real is not None else {FAILURES[scenario]}
    status = reached(
        patient, spec.name, lambda one: one.phase is CupPhase.FAILED and one.code in codes, seconds=site.longest
    )
    assert status.image_digest == spec.image_digest


@pytest.mark.parametrize("scenario", SUCCESSES)
def test_a_cup_that_will_serve_is_never_called_failed_nor_too_early_ready(
    site: Site, portal: KServeBackend, play: Play, scenario: str
) -> None:
    spec = play(f"cup-{scenario.replace('_', '-')}", scenario)
    portal.apply(spec)
    status = reached(portal, spec.name, lambda one: one.phase is not CupPhase.STARTING, seconds=site.longest)
    assert (status.phase, status.code) == (CupPhase.READY, "")
    if site.player is not None:
        assert site.player.is_over(spec.name), "it was called ready before it was"
    answer = portal.request(spec.name, method="GET", path=f"/v2/models/{spec.model_name}/ready", timeout=10)
    assert answer.status == 200
    assert portal.statuses()[spec.name].phase is CupPhase.READY


def test_a_deletion_that_never_ends_is_told_after_its_deadline(site: Site, portal: KServeBackend, play: Play) -> None:
    spec = play("cup-stuck", "pull_error")
    portal.apply(spec)
    site.finalizers(*ISVC, spec.name, add=HELD)
    portal.delete(spec.name)
    stopping = reached(portal, spec.name, lambda one: one.phase is CupPhase.STOPPING, seconds=site.longest)
    assert stopping.code == ""
    with contextlib.closing(site.backend(ahead=1000.0)) as later:
        status = reached(later, spec.name, lambda one: bool(one.code), seconds=site.longest)
    assert (status.phase, status.code) == (CupPhase.STOPPING, "kserve.stuck_delete")
    assert HELD in str(status.params["finalizers"])
    site.finalizers(*ISVC, spec.name, remove=HELD)


def test_a_deletion_that_the_controller_holds_up_is_told_too(site: Site, portal: KServeBackend, play: Play) -> None:
    spec = play("cup-held", "stuck_delete")
    portal.apply(spec)
    reached(portal, spec.name, serves, seconds=site.longest)
    portal.delete(spec.name)
    with contextlib.closing(site.backend(ahead=1000.0)) as later:
        status = reached(later, spec.name, lambda one: one.code == "kserve.stuck_delete", seconds=site.longest)
    assert "inferenceservice.finalizers" in str(status.params["finalizers"])
