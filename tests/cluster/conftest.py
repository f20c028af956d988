"""The cases' cluster: the stand-in over HTTP, or with `make test-cluster` the one that KUBECONFIG names."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployer.interfaces import CupPhase, CupSpec
from deployer.serving.kserve import KServeBackend
from tests.cluster.site import Real, Site, prepared, reached
from tests.stubs.kube_api import KubeApi


def asked_for() -> Real | None:
    """The cluster's own KServe, if TEST_CLUSTER_CONTROLLER says that it shall be tested."""
    if os.environ.get("TEST_CLUSTER_CONTROLLER", "played") == "played":
        return None
    return Real(
        predictors=os.environ["TEST_CLUSTER_PREDICTORS"],
        repository=os.environ.get("TEST_CLUSTER_REPOSITORY", ""),
        digest=os.environ.get("TEST_CLUSTER_DIGEST", ""),
        runtime=os.environ.get("TEST_CLUSTER_RUNTIME", ""),
        runtime_image=os.environ.get("TEST_CLUSTER_RUNTIME_IMAGE", ""),
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("cluster")
    if os.environ.get("TEST_CLUSTER"):
        named = os.environ.get("KUBECONFIG", "")
        assert named, "KUBECONFIG must name the kubeconfig of the cluster to test on"
        with prepared(Path(named), folder, real=asked_for()) as made:
            yield made
        return
    with KubeApi() as api:
        with prepared(api.kubeconfig(folder / "kubeconfig"), folder) as made:
            yield made
        # The cluster is as it was found.
        left = [obj for obj in api.objects if obj["metadata"].get("namespace", "").startswith("model-commons-test")]
        assert left == []
        assert api.get("namespaces", made.namespace) is None


@pytest.fixture(scope="session")
def portal(site: Site) -> Iterator[KServeBackend]:
    """The portal's backend, by the cluster's own time."""
    with contextlib.closing(site.backend()) as backend:
        yield backend


@pytest.fixture(scope="session")
def patient(site: Site) -> Iterator[KServeBackend]:
    """The portal's backend 100 seconds from now: past its patience with every cause, and before any deadline."""
    with contextlib.closing(site.backend(ahead=100.0)) as backend:
        yield backend


@pytest.fixture
def play(site: Site, portal: KServeBackend) -> Iterator[Callable[[str, str], CupSpec]]:
    """Sees to it that a scenario comes about for a cup, which is to be applied next and is taken away afterwards."""
    names: list[str] = []

    def chosen(name: str, scenario: str) -> CupSpec:
        if site.player is None and scenario not in site.natural:
            pytest.skip("the cluster's own controller cannot be told to say this")
        names.append(name)
        if site.player is not None:
            site.player.play(name, scenario)
        return site.cup(name, scenario)

    yield chosen
    for name in names:
        if site.player is not None:
            site.player.play(name, "ready")
        portal.delete(name)
        reached(portal, name, lambda one: one.phase is CupPhase.ABSENT, seconds=site.longest)
