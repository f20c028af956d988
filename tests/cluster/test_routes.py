"""The route object of an endpoint on the cluster."""

from __future__ import annotations

import contextlib

from deployer.interfaces import Share, TrafficRoute
from tests.cluster.site import Site, until


def test_a_route_is_put_changed_and_taken_away(site: Site) -> None:
    whole = TrafficRoute(endpoint="quality", shares=(Share(cup="cup-1", weight=100),))
    split = TrafficRoute(endpoint="quality", shares=(Share(cup="cup-1", weight=90), Share(cup="cup-2", weight=10)))
    routes = site.admin.resources.get(api_version="gateway.networking.k8s.io/v1", kind="HTTPRoute")
    with contextlib.closing(site.router()) as router:
        for wanted in (whole, split):
            router.route(wanted)
            until(lambda wanted=wanted: router.routes() == {"quality": wanted}, seconds=30)  # type: ignore[misc]
            found = routes.get(name="quality", namespace=site.namespace).to_dict()["spec"]["rules"][0]["backendRefs"]
            assert {one["name"]: one["weight"] for one in found} == {
                f"{share.cup}-predictor": share.weight for share in wanted.shares
            }
        router.remove("quality")
        until(lambda: not router.routes(), seconds=30)
    assert [item.metadata.name for item in routes.get(namespace=site.namespace).items] == []
