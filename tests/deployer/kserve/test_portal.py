"""From an approval to a cup on the cluster and back: the portal's own work over the KServe backend on the stand-in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from django.utils import timezone

from deployer.backends import serving_backend, traffic_router
from deployer.interfaces import CupPhase
from deployer.models import Health, Rollout
from deployer.reconcile import reconcile, repair_routes
from deployer.serving import cluster_view
from deployer.serving.kserve import KServeBackend
from registry.models import Event, Job
from registry.services import retire_version
from tests.deployer import scene
from tests.deployer.kserve.acting import edit, until
from tests.deployer.kserve.worlds import NAMESPACE, cluster
from tests.stubs.kserve_player import Player, StandInHands
from tests.stubs.kube_api import KubeApi

# Beside a cluster stands PostgreSQL, but on a single machine.
pytestmark = [pytest.mark.once, pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]
SERVICES, ROUTES = "inferenceservices", "httproutes"


@pytest.fixture
def player(kube: KubeApi, settings: Any, tmp_path: Path, _fakes: None) -> Iterator[Player]:
    """A portal that serves by KServe, and a KServe that does its part."""
    with Player(StandInHands(kube, NAMESPACE)) as playing:
        described = cluster(kubeconfig=str(kube.kubeconfig(tmp_path / "kubeconfig")))
        names = ("portal", "namespace", "image_repository", "trial_repository", "runtime_images", "gateway_name",
                 "gateway_namespace", "kubeconfig")  # fmt: skip
        options = {name: getattr(described, name) for name in names} | {"predictor_url": playing.url_of("{name}")}
        settings.BACKENDS = {
            **settings.BACKENDS,
            "serving": {"class": "deployer.serving.kserve.KServeBackend", "options": {"cluster": options}},
            "traffic_router": {"class": "deployer.serving.kserve_router.KServeRouter", "options": {"cluster": options}},
        }
        backend, router = serving_backend(), traffic_router()
        yield playing
        backend.close()  # type: ignore[attr-defined]  # the KServe ones hold connections
        router.close()  # type: ignore[attr-defined]  # as above


def sweep(rollout: Rollout) -> None:
    """One round, its work done, whatever pauses there would be."""
    due = reconcile()
    repair_routes()
    Job.objects.filter(state="queued").update(run_after=timezone.now())
    scene.work((*due, *Job.objects.filter(state="queued").values_list("pk", flat=True)))
    rollout.refresh_from_db()


def swept(rollout: Rollout, met: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not met():
        assert time.monotonic() < end
        sweep(rollout)


def live(kube: KubeApi, rollout: Rollout) -> dict[str, Any]:
    return kube.get(SERVICES, rollout.cup_name, NAMESPACE) or {}


def backends(kube: KubeApi, endpoint: str) -> list[str]:
    route = kube.get(ROUTES, endpoint, NAMESPACE)
    return [ref["name"] for ref in route["spec"]["rules"][0]["backendRefs"]] if route else []


def test_an_approval_comes_to_one_cup_of_that_very_image_and_a_route_to_it(kube: KubeApi, player: Player) -> None:
    rollout = scene.served()

    (service,) = [obj for obj in kube.objects if obj.get("kind") == "InferenceService"]
    model = service["spec"]["predictor"]["model"]
    assert service["metadata"]["name"] == rollout.cup_name
    assert model["storageUri"] == f"oci+native://registry.example/models/approved@{rollout.version.image_digest}"
    assert backends(kube, rollout.endpoint.name) == [f"{rollout.cup_name}-predictor"]
    tried = [entry.path for entry in kube.requests if entry.verb == "patch" and "/trial-" in entry.path]
    assert tried, "the trial ran on the cluster, and is gone"


def test_a_second_version_takes_the_route_and_then_the_first_ones_cup_goes(kube: KubeApi, player: Player) -> None:
    first = scene.served()
    second = scene.served()
    assert backends(kube, first.endpoint.name) == [f"{second.cup_name}-predictor"]

    Rollout.objects.filter(pk=first.pk).update(stop_after=timezone.now())
    swept(first, lambda: not live(kube, first))

    assert live(kube, second)
    scene.work(retire_version(version=second.version, actor=scene.operator()))
    swept(second, lambda: not live(kube, second))
    assert backends(kube, first.endpoint.name) == []


def test_a_cup_and_a_route_that_were_deleted_by_hand_come_back_with_a_word(kube: KubeApi, player: Player) -> None:
    rollout = scene.served()
    kube.delete(SERVICES, rollout.cup_name, NAMESPACE)
    kube.delete(ROUTES, rollout.endpoint.name, NAMESPACE)
    until(lambda: not live(kube, rollout))

    swept(rollout, lambda: rollout.health == Health.HEALTHY and live(kube, rollout))

    assert backends(kube, rollout.endpoint.name) == [f"{rollout.cup_name}-predictor"]
    tags = list(Event.objects.filter(tag__in=["rollout:degraded", "rollout:recovered"]).values_list("tag", flat=True))
    assert sorted(tags) == ["rollout:degraded", "rollout:recovered"]


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.parametrize("how", ["deleted", "edited"])
def test_what_was_done_by_hand_is_mended_within_two_periods_and_told(
    kube: KubeApi, player: Player, how: str, rounds: int
) -> None:
    rollout = scene.served()
    backend, made = serving_backend(), live(kube, rollout)["spec"]

    def noticed() -> bool:
        status = backend.status(rollout.cup_name)
        return status.phase is CupPhase.ABSENT if how == "deleted" else status.code == "kserve.drifted"

    def well() -> bool:
        status = backend.status(rollout.cup_name)
        return status.phase is CupPhase.READY and not status.code

    for number in range(1, rounds + 1):
        if how == "deleted":
            kube.delete(SERVICES, rollout.cup_name, NAMESPACE)
        else:
            edit(kube, rollout.cup_name, {"spec": {"predictor": {"maxReplicas": 1 + number}}})
        until(noticed)

        sweep(rollout)
        until(well)
        sweep(rollout)

        assert (rollout.health, rollout.health_code) == (Health.HEALTHY, "")
        assert live(kube, rollout)["spec"] == made
        assert [obj["metadata"]["name"] for obj in kube.objects if obj.get("kind") == "InferenceService"] == [
            rollout.cup_name
        ]
        told = "rollout:degraded" if how == "deleted" else "rollout:drifted"
        assert Event.objects.filter(tag=told).count() == number


def test_an_image_that_was_swapped_by_hand_is_put_back_and_told(kube: KubeApi, player: Player) -> None:
    rollout = scene.served()
    other = "oci+native://registry.example/models/approved@sha256:" + "ff" * 32
    edit(kube, rollout.cup_name, {"spec": {"predictor": {"model": {"storageUri": other}}}})
    until(lambda: serving_backend().status(rollout.cup_name).phase is CupPhase.FAILED)

    sweep(rollout)
    until(lambda: serving_backend().status(rollout.cup_name).code != "kserve.image_replaced")

    uri = live(kube, rollout)["spec"]["predictor"]["model"]["storageUri"]
    assert uri == f"oci+native://registry.example/models/approved@{rollout.image_digest}"
    assert Event.objects.filter(tag="rollout:degraded", reason="kserve.image_replaced").count() == 1


def test_a_model_that_does_not_start_in_its_time_fails_by_what_the_cluster_knows(player: Player, settings: Any) -> None:
    """However long it was given: the portal waits for the verdict of its backend."""
    version = scene.in_review()
    backend = cast(KServeBackend, serving_backend())
    backend._cluster = replace(backend._cluster, start_timeout=3.0)
    player.scenario = "silent_model"

    scene.work(scene.approve(version))

    rollout = Rollout.objects.get(version=version)
    assert (rollout.state, rollout.failure_code) == ("failed", "kserve.never_answers")
    assert rollout.failure_params["log_tail"] == "serving\n"


def test_ten_minutes_without_the_cluster_cost_nothing_but_time(
    kube: KubeApi, player: Player, soon_again: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many attempts as ten minutes hold; what serves is noted to serve, and the newer version comes afterwards."""
    served = scene.served()
    version = scene.in_review()
    due = scene.approve(version)

    with kube.down():
        scene.work(due)
        monkeypatch.setattr(cluster_view, "STALE_SECONDS", -1.0)
        until(lambda: serving_backend()._view().services.failure)  # type: ignore[attr-defined]  # the KServe one
        for _attempt in range(9):
            sweep(served)
        assert (served.state, served.health) == ("ready", Health.HEALTHY)
        job = Job.objects.get(kind="roll_out", subject_id=Rollout.objects.get(version=version).pk)
        assert (job.state, job.last_error) == ("queued", "kserve.api_unreachable")

    monkeypatch.setattr(cluster_view, "STALE_SECONDS", 60.0)
    newer = Rollout.objects.get(version=version)
    swept(newer, lambda: newer.state == "ready")
    assert not Event.objects.filter(tag__in=["rollout:degraded", "rollout:failed"]).exists()


@pytest.mark.parametrize(
    "fault",
    [{"status": 409}, {"status": 410}, {"status": 429}, {"status": 500}, {"cut": "before"}, {"cut": "after"}],
    ids=str,
)
def test_a_storm_ends_in_one_cup_and_nothing_twice(
    kube: KubeApi, player: Player, soon_again: None, fault: dict[str, Any]
) -> None:
    """Twenty calls in a row go wrong while a version is rolled out."""
    version = scene.in_review()
    due = scene.approve(version)
    kube.fail(verb="patch", times=20, **fault)

    scene.work(due)
    end = time.monotonic() + 60
    while not Rollout.objects.filter(version=version, state="ready").exists():
        assert time.monotonic() < end
        Job.objects.filter(state="queued").update(run_after=timezone.now())
        scene.work(tuple(Job.objects.filter(state="queued").values_list("pk", flat=True)))

    assert [obj["metadata"]["name"] for obj in kube.objects if obj.get("kind") == "InferenceService"] == [
        Rollout.objects.get(version=version).cup_name
    ]
    assert Event.objects.filter(tag="rollout:ready").count() == 1
