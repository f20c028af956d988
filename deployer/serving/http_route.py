"""The HTTPRoute of an endpoint: which cups answer under its name, with which share."""

from __future__ import annotations

from typing import Any

from deployer.interfaces import Share, TrafficRoute

from .cluster import ENDPOINT, Cluster, predictor_service

_PORT = 80


def http_route(route: TrafficRoute, cluster: Cluster) -> dict[str, Any]:
    """The manifest; cups in the order of their names, so that equal routes are equal."""
    spec: dict[str, Any] = {
        "parentRefs": [
            {
                "group": "gateway.networking.k8s.io",
                "kind": "Gateway",
                "name": cluster.gateway_name,
                "namespace": cluster.gateway_namespace or cluster.namespace,
            }
        ],
        "rules": [
            {
                "matches": [
                    {"path": {"type": kind, "value": value}}
                    for kind, value in (
                        ("PathPrefix", f"/v2/models/{route.endpoint}"),
                        ("Exact", f"/v1/models/{route.endpoint}"),
                        ("Exact", f"/v1/models/{route.endpoint}:predict"),
                    )
                ],
                "backendRefs": [
                    {
                        "group": "",
                        "kind": "Service",
                        "name": predictor_service(share.cup),
                        "port": _PORT,
                        "weight": share.weight,
                    }
                    for share in sorted(route.shares, key=lambda share: share.cup)
                ],
            }
        ],
    }
    if cluster.gateway_hostnames:
        spec["hostnames"] = list(cluster.gateway_hostnames)
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {
            "name": route.endpoint,
            "namespace": cluster.namespace,
            "labels": cluster.owned(),
            "annotations": {ENDPOINT: route.endpoint},
        },
        "spec": spec,
    }


def route_in(manifest: dict[str, Any]) -> TrafficRoute:
    """The route that an HTTPRoute of ours stands for."""
    suffix = predictor_service("")
    rules = manifest.get("spec", {}).get("rules") or [{}]
    shares = tuple(
        Share(cup=str(ref.get("name", "")).removesuffix(suffix), weight=int(ref.get("weight", 1)))
        for ref in rules[0].get("backendRefs") or ()
    )
    return TrafficRoute(endpoint=manifest["metadata"]["name"], shares=shares)
