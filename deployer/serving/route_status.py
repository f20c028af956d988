"""Whether the gateway follows a route: what its controller put down in the HTTPRoute's status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.interfaces import RouteTrouble

from .cluster import Cluster
from .conditions import epoch
from .pod_causes import short

Object = Mapping[str, Any]
PATIENCE = 60.0
"""Seconds in which a gateway may take a route up or think better of it."""
LONGEST_LAG = 300.0
"""Seconds in which a gateway that follows a route may go on speaking of its former state."""
_NEEDED = ("Accepted", "ResolvedRefs")


def trouble_with(route: Object, cluster: Cluster, *, now: float) -> RouteTrouble | None:
    """Why requests do not reach the cups of this HTTPRoute, or None if they do or it is too early to say.

    A gateway may have several listeners and so several words about one route: one that accepts it is enough. What was
    said of an earlier generation does not count; one that says nothing else for long follows the route no more.
    `now` is epoch seconds.
    """
    ours = [parent for parent in (route.get("status") or {}).get("parents") or () if _is_ours(parent, cluster)]
    said = [conditions for parent in ours if (conditions := _current(parent, route))]
    complaints = [_complaint(conditions) for conditions in said]
    if any(complaint is None for complaint in complaints):
        return None
    if not said and ours:
        lags = now - (epoch(route.get("changed")) or now) >= LONGEST_LAG
        return RouteTrouble(code="route.lags", params={"gateway": _gateway(cluster)}) if lags else None
    if not said:
        waited = now - (epoch(route["metadata"].get("creationTimestamp")) or now) >= PATIENCE
        return RouteTrouble(code="route.ignored", params={"gateway": _gateway(cluster)}) if waited else None
    lasting = [one for one in complaints if one and now - (epoch(one.get("lastTransitionTime")) or now) >= PATIENCE]
    if len(lasting) < len(complaints):
        return None
    told = lasting[0]
    detail = short(f"{told.get('reason', '')}: {told.get('message', '')}")
    return RouteTrouble(code="route.refused", params={"gateway": _gateway(cluster), "detail": detail})


def _is_ours(parent: Object, cluster: Cluster) -> bool:
    named = parent.get("parentRef") or {}
    return bool(
        named.get("name") == cluster.gateway_name
        and named.get("namespace", cluster.namespace) == (cluster.gateway_namespace or cluster.namespace)
    )


def _current(parent: Object, route: Object) -> dict[str, Object]:
    """The conditions by type that speak of the route as it is now."""
    generation = int(route["metadata"].get("generation", 0))
    return {
        str(entry.get("type")): entry
        for entry in parent.get("conditions") or ()
        if int(entry.get("observedGeneration", generation)) >= generation
    }


def _complaint(conditions: Mapping[str, Object]) -> Object | None:
    """The first condition that keeps requests away. An absent one is no complaint: not every gateway writes both."""
    return next((conditions[name] for name in _NEEDED if conditions.get(name, {}).get("status") == "False"), None)


def _gateway(cluster: Cluster) -> str:
    return f"{cluster.gateway_namespace or cluster.namespace}/{cluster.gateway_name}"
