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
from tests.deployer.kserve.controller import Controller
from tests.deployer.kserve.predictors import Predictors
from tests.deployer.kserve.worlds import NAMESPACE, cluster
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
def controller(kube: KubeApi) -> Iterator[Controller]:
    with Controller(kube) as running:
        yield running


@pytest.fixture
def predictors(kube: KubeApi) -> Iterator[Predictors]:
    """Model servers that answer while their pod is ready."""

    def runs(name: str) -> bool:
        pod = kube.get("pods", f"{name}-predictor-1", NAMESPACE)
        return pod is not None and all(status["ready"] for status in pod["status"]["containerStatuses"])

    with Predictors(runs) as answering:
        yield answering


@pytest.fixture
def backend(site: Cluster, predictors: Predictors) -> Iterator[KServeBackend]:
    made = KServeBackend(replace(site, predictor_url=predictors.url))
    yield made
    made.close()


@pytest.fixture
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as short as a test's patience."""
    monkeypatch.setattr(kubernetes_api, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(reflector, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(reflector, "LONGEST_PAUSE", 0.05)
