"""A stand-in cluster with the namespace of models, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.serving import kubernetes_api, reflector
from deployer.serving.cluster import Cluster
from deployer.serving.kserve import KServeBackend
from deployer.serving.kubernetes_api import KubernetesApi
from tests.deployer.kserve.worlds import NAMESPACE, cluster
from tests.stubs.kserve_player import Player, StandInHands
from tests.stubs.kube_api import KubeApi

Connect = Callable[..., KubernetesApi]


@pytest.fixture
def kube() -> Iterator[KubeApi]:
    with KubeApi() as api:
        api.create("namespaces", {"metadata": {"name": NAMESPACE}})
        yield api


@pytest.fixture
def site(kube: KubeApi, tmp_path: Path) -> Cluster:
    """The cluster's description, with a way to it."""
    return cluster(kubeconfig=str(kube.kubeconfig(tmp_path / "kubeconfig")))


@pytest.fixture
def pauses() -> list[float]:
    """How long the client meant to wait, each time."""
    return []


@pytest.fixture
def api(site: Cluster, pauses: list[float]) -> Iterator[KubernetesApi]:
    client = KubernetesApi(site, sleep=pauses.append)
    yield client
    client.close()


@pytest.fixture
def player(kube: KubeApi) -> Iterator[Player]:
    """A KServe that serves every cup, unless it is told to play something else."""
    with Player(StandInHands(kube, NAMESPACE), interval=0.005) as playing:
        yield playing


@pytest.fixture
def backend(site: Cluster, player: Player) -> Iterator[KServeBackend]:
    made = KServeBackend(replace(site, predictor_url=player.url_of("{name}")))
    yield made
    made.close()


@pytest.fixture
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as short as a test's patience."""
    monkeypatch.setattr(kubernetes_api, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(reflector, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(reflector, "LONGEST_PAUSE", 0.05)
