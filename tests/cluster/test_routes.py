"""The route object of an endpoint on the cluster."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest

from deployer.interfaces import Share, TrafficRoute
from deployer.serving.kserve_router import KServeRouter
from tests.cluster.site import Site, until


def test_a_route_is_put_changed_and_taken_away(site: Site) -> None:
    whole = TrafficRoute(endpoint="quality", shares=(Share(cup="cup-1", weight=100),))
    split = TrafficRoute(endpoint="quality", shares=(Share(cup="cup-1", weight=90), Share(cup="cup-2", weight=10)))
    routes = site.admin.resources.get(api_version="gateway.networking.k8s.io/v1", kind="HTTPRoute")
    with contextlib.closing(site.router()) as router:
        for wanted in (whole, split):
            router.route(wanted)
            until(lambda wanted=wanted: router.routes() == {"quality": wanted}, seconds=60)  # type: ignore[misc]
            found = routes.get(name="quality", namespace=site.namespace).to_dict()["spec"]["rules"][0]["backendRefs"]
            assert {one["name"]: one["weight"] for one in found} == {
                f"{share.cup}-predictor": share.weight for share in wanted.shares
            }
        router.remove("quality")
        until(lambda: not router.routes(), seconds=60)
    assert [item.metadata.name for item in routes.get(namespace=site.namespace).items] == []


def test_what_the_gateway_says_of_a_route_is_told(site: Site) -> None:
    if site.player is None:
        pytest.skip("the cluster's own gateway says what it thinks")
    routes = site.admin.resources.get(api_version="gateway.networking.k8s.io/v1", kind="HTTPRoute")
    with contextlib.closing(site.router(ahead=100.0)) as router:
        router.route(TrafficRoute(endpoint="refused", shares=(Share(cup="cup-1", weight=100),)))
        assert router.troubles()["refused"].code == "route.ignored"
        for accepted, code in (("False", "route.refused"), ("True", "")):
            routes.status.patch(
                name="refused", namespace=site.namespace, body={"status": {"parents": [said(accepted)]}},
                content_type="application/merge-patch+json", _request_timeout=10,
            )  # fmt: skip
            until(lambda code=code: code_of(router, "refused") == code, seconds=60)  # type: ignore[misc]
        router.remove("refused")


def code_of(router: KServeRouter, endpoint: str) -> str:
    found = router.troubles().get(endpoint)
    return found.code if found else ""


def said(accepted: str) -> dict[str, object]:
    """A parent's status as a gateway's controller writes it."""
    condition = {
        "type": "Accepted", "status": accepted, "reason": "NoMatchingParent", "message": "no listener",
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "observedGeneration": 1,
    }  # fmt: skip
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "models", "namespace": "gateways"}
    return {"controllerName": "example.net/gateway", "parentRef": parent, "conditions": [condition]}
