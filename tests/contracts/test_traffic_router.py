"""What every router promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer.interfaces import Share, TrafficRoute, TrafficRouter
from deployer.serving.kserve_router import KServeRouter
from deployer.serving.kubernetes_api import KubernetesApi
from deployer.serving.local_router import LocalRouter
from tests.deployer.kserve.worlds import NAMESPACE, cluster
from tests.fakes.routing import FakeRouter
from tests.stubs.kube_api import KubeApi

WHOLE = TrafficRoute(endpoint="article-quality", shares=(Share(cup="cup-7", weight=100),))
SPLIT = TrafficRoute(endpoint="article-quality", shares=(Share(cup="cup-7", weight=90), Share(cup="cup-8", weight=10)))
OTHER = TrafficRoute(endpoint="iris", shares=(Share(cup="cup-9", weight=100),))


@contextmanager
def on_a_stand_in(folder: Path) -> Iterator[TrafficRouter]:
    with KubeApi() as kube:
        kube.create("namespaces", {"metadata": {"name": NAMESPACE}})
        site = cluster(kubeconfig=str(kube.kubeconfig(folder / "kubeconfig")))
        router = KServeRouter(site, connect=lambda: KubernetesApi(site))
        yield router
        router.close()


@contextmanager
def plain(make: Callable[[], TrafficRouter]) -> Iterator[TrafficRouter]:
    yield make()


@pytest.fixture(params=["local", "kserve", "fake"])
def router(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TrafficRouter]:
    plainly: dict[str, Callable[[], TrafficRouter]] = {"local": LocalRouter, "fake": FakeRouter}
    make = plainly.get(request.param)
    with plain(make) if make else on_a_stand_in(tmp_path) as made:
        yield made


def test_nothing_is_routed_at_first_and_nothing_can_be_removed(router: TrafficRouter) -> None:
    router.remove("nothing")
    assert router.routes() == {}


def test_a_route_is_there_as_soon_as_it_is_wanted(router: TrafficRouter) -> None:
    router.route(WHOLE)
    router.route(OTHER)
    assert router.routes() == {"article-quality": WHOLE, "iris": OTHER}
    assert router.troubles() == {}


def test_wanting_again_changes_nothing_and_wanting_something_else_changes_all_of_it(router: TrafficRouter) -> None:
    for wanted in (WHOLE, WHOLE, SPLIT, WHOLE):
        router.route(wanted)
        assert router.routes() == {"article-quality": wanted}


def test_a_removed_route_is_gone_and_may_come_again(router: TrafficRouter) -> None:
    router.route(WHOLE)
    router.remove("article-quality")
    router.remove("article-quality")
    assert router.routes() == {}
    router.route(SPLIT)
    assert router.routes() == {"article-quality": SPLIT}
