"""Routes on a stand-in cluster: put back when somebody changes them, left alone when they are another's."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from deployer.errors import OperatorError
from deployer.interfaces import Share, TrafficRoute
from deployer.serving.cluster import Cluster
from deployer.serving.http_route import http_route
from deployer.serving.kserve_router import KServeRouter
from deployer.serving.kubernetes_api import KubernetesApi
from tests.deployer.kserve.acting import edit, until, writes
from tests.deployer.kserve.worlds import NAMESPACE, cluster
from tests.stubs.kube_api import KubeApi

PLURAL = "httproutes"
ROUTE = TrafficRoute(endpoint="article-quality", shares=(Share(cup="cup-7", weight=100),))
EDITED = TrafficRoute(endpoint="article-quality", shares=(Share(cup="cup-66", weight=100),))


@pytest.fixture
def router(site: Cluster) -> Iterator[KServeRouter]:
    made = KServeRouter(site, connect=lambda: KubernetesApi(site))
    yield made
    made.close()


def test_a_route_that_is_there_costs_no_call(router: KServeRouter, kube: KubeApi) -> None:
    router.route(ROUTE)
    before = len(kube.requests)

    for _time in range(10):
        router.route(ROUTE)
        assert router.routes() == {"article-quality": ROUTE}

    assert len(kube.requests) == before


def test_a_route_that_was_changed_by_hand_is_put_back_with_a_word_about_who_did_it(
    router: KServeRouter, kube: KubeApi, caplog: pytest.LogCaptureFixture
) -> None:
    router.route(ROUTE)
    edit(kube, "article-quality", {"spec": http_route(EDITED, cluster())["spec"]}, plural=PLURAL)
    until(lambda: router.routes() == {"article-quality": EDITED})

    with caplog.at_level(logging.WARNING):
        router.route(ROUTE)

    assert router.routes() == {"article-quality": ROUTE}
    assert "kubectl-edit" in caplog.text


def test_another_portals_route_is_left_alone(router: KServeRouter, kube: KubeApi) -> None:
    kube.create(PLURAL, http_route(EDITED, cluster(portal="other")), NAMESPACE)

    with pytest.raises(OperatorError, match=r"kserve\.name_not_ours"):
        router.route(ROUTE)
    router.remove("article-quality")

    assert router.routes() == {}
    assert kube.get(PLURAL, "article-quality", NAMESPACE) is not None
    assert writes(kube) == 0
