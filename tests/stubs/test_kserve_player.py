"""The player: what it lays before whoever reads statuses, on the stand-in and over HTTP alike."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.stubs.conftest import iris
from tests.stubs.kserve_player import SCENARIOS, ClusterHands, Hands, Player, StandInHands
from tests.stubs.kserve_player.player import FINALIZER
from tests.stubs.kube_api import KubeApi

Connect = Callable[..., client.ApiClient]


@pytest.fixture(params=["stand-in", "http"])
def hands(request: pytest.FixtureRequest, api: KubeApi, connect: Connect, tmp_path: Path) -> Hands:
    return StandInHands(api) if request.param == "stand-in" else ClusterHands(connect(), "default", folder=tmp_path)


def condition(obj: Any, name: str) -> str:
    conditions = (obj.get("status") or {}).get("conditions", [])
    return next((one["status"] for one in conditions if one["type"] == name), "")


def only(hands: Hands, plural: str) -> Any:
    found = hands.list(plural)
    assert len(found) == 1
    return found[0]


def test_a_service_becomes_ready_and_goes_with_all_that_was_made_for_it(api: KubeApi, hands: Hands) -> None:
    api.create("inferenceservices", iris())
    player = Player(hands)
    assert player.step()
    assert condition(only(hands, "inferenceservices"), "Ready") == "False"
    assert hands.list("pods") == []
    player.settle()
    service, deployment, pod = (only(hands, plural) for plural in ("inferenceservices", "deployments", "pods"))
    assert (condition(service, "Ready"), service["metadata"]["generation"]) == ("True", 1)
    assert service["metadata"]["finalizers"] == [FINALIZER]
    assert deployment["status"]["availableReplicas"] == deployment["status"]["updatedReplicas"] == 1
    assert deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"]
    assert (condition(pod, "Ready"), pod["status"]["phase"]) == ("True", "Running")
    assert pod["metadata"]["labels"]["serving.kserve.io/inferenceservice"] == "iris"
    assert not player.step()
    api.delete("inferenceservices", "iris")
    player.settle()
    assert [
        hands.list(plural) for plural in ("inferenceservices", "deployments", "replicasets", "pods", "services")
    ] == ([[]] * 5)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_fits_the_schemas(api: KubeApi, name: str) -> None:
    api.create("inferenceservices", iris())
    player = Player(StandInHands(api), scenario=name)
    steps = 0
    while player.step():
        steps += 1
    assert steps == len(SCENARIOS[name].frames)
    service = api.get("inferenceservices", "iris")
    assert service is not None
    assert ("status" in service) is bool(SCENARIOS[name].frames)


@pytest.mark.parametrize("scheme", ["oci+native", "oci+fetch"])
def test_an_image_comes_into_the_pod_as_its_address_says(api: KubeApi, scheme: str) -> None:
    body = iris()
    uri = f"{scheme}://registry.example/iris@sha256:{'ab' * 32}"
    body["spec"]["predictor"]["model"]["storageUri"] = uri
    api.create("inferenceservices", body)
    hands = StandInHands(api)
    Player(hands).settle()
    spec = only(hands, "pods")["spec"]
    fetched = [one["args"][0] for one in spec.get("initContainers", [])]
    mounted = [one["image"]["reference"] for one in spec["volumes"] if "image" in one]
    assert (fetched, mounted) == (([uri], []) if scheme == "oci+fetch" else ([], [uri.partition("://")[2]]))


def test_ready_may_speak_of_other_pods(api: KubeApi) -> None:
    api.create("inferenceservices", iris())
    hands = StandInHands(api)
    player = Player(hands, scenario="ready_from_old_pods")
    for _ in range(3):
        player.step()
    deployment = only(hands, "deployments")
    assert condition(only(hands, "inferenceservices"), "Ready") == "True"
    assert deployment["metadata"]["generation"] > deployment["status"]["observedGeneration"]
    player.step()
    assert condition(only(hands, "inferenceservices"), "Ready") == "True"
    assert only(hands, "deployments")["status"]["replicas"] == 2
    assert sorted(condition(pod, "Ready") for pod in hands.list("pods")) == ["False", "True"]
    player.settle()
    assert condition(only(hands, "pods"), "Ready") == "True"


def test_a_pull_that_fails_is_told_by_the_pod_and_its_events_alone(api: KubeApi, hands: Hands) -> None:
    api.create("inferenceservices", iris())
    Player(hands, scenario="pull_error").settle()
    status = only(hands, "inferenceservices")["status"]
    assert status["modelStatus"]["states"]["targetModelState"] == "Pending"
    waiting = only(hands, "pods")["status"]["containerStatuses"][0]["state"]["waiting"]
    assert (waiting["reason"], "@sha256:" in waiting["message"]) == ("ImagePullBackOff", True)
    assert {event["reason"] for event in hands.list("events")} == {"Failed", "BackOff"}


def test_a_stuck_deletion_stays_and_a_service_made_anew_begins_anew(api: KubeApi) -> None:
    api.create("inferenceservices", iris())
    player = Player(StandInHands(api), scenario="stuck_delete")
    player.settle()
    api.delete("inferenceservices", "iris")
    player.settle()
    stuck = api.get("inferenceservices", "iris")
    assert stuck is not None
    assert stuck["metadata"]["deletionTimestamp"]
    player.play("iris", "ready")
    player.settle()
    assert api.get("inferenceservices", "iris") is None
    made = api.create("inferenceservices", iris())
    player.settle()
    assert player.parts["iris"].uid == made["metadata"]["uid"] != stuck["metadata"]["uid"]


def test_a_ready_predictor_answers_and_another_does_not(api: KubeApi) -> None:
    body = iris()
    body["spec"]["predictor"]["model"]["args"] = ["--model-name=quality", "--version=3"]
    api.create("inferenceservices", body)
    with Player(StandInHands(api)) as player:
        while not player.parts or not player.parts["iris"].serves:
            player.step()
        url = player.url_of("iris")
        content = {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, 4]}]}
        with urllib.request.urlopen(f"{url}/v2/models/quality/ready", timeout=60) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(
            f"{url}/v2/models/quality/infer", json.dumps(content).encode(), timeout=60
        ) as answer:
            told = json.load(answer)
        assert (told["model_name"], told["model_version"], told["outputs"][0]["data"]) == ("quality", "3", [3.0, 7.0])
        codes = []
        for path, sent in [
            ("iris/v2/models/other/infer", b"{}"),
            ("iris/v2/models/quality/infer", b"{"),
            ("x/v2", b""),
        ]:
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(player.url_of("").rstrip("/") + f"/{path}", sent, timeout=60)
            codes.append(caught.value.code)
            caught.value.close()
        assert codes == [404, 400, 503]
