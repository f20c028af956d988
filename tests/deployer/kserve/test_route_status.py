"""What a gateway puts down about a route, and whether requests get past it."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.messages_kserve import KSERVE_MESSAGES
from deployer.serving.conditions import epoch
from deployer.serving.kserve_router import reduced_route
from deployer.serving.route_status import trouble_with
from tests.deployer.kserve.worlds import cluster

MADE, SAID = "2026-11-26T12:00:00Z", "2026-11-26T12:00:05Z"
GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "models", "namespace": "gateways"}


def condition(kind: str, status: str = "True", *, of: int = 2, reason: str = "NotAllowedByListeners") -> dict[str, Any]:
    return {
        "type": kind, "status": status, "reason": reason, "message": "no listener", "lastTransitionTime": SAID,
        "observedGeneration": of,
    }  # fmt: skip


def parent(*conditions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"controllerName": "example.net/gateway", "parentRef": {**GATEWAY, **changes}, "conditions": conditions}


ACCEPTED, RESOLVED = condition("Accepted"), condition("ResolvedRefs")
REFUSED, LOST = condition("Accepted", "False"), condition("ResolvedRefs", "False", reason="BackendNotFound")


@pytest.mark.parametrize(
    ("parents", "code"),
    [
        ([], "route.ignored"),
        ([parent(ACCEPTED, RESOLVED, name="another")], "route.ignored"),
        ([parent(ACCEPTED, RESOLVED)], ""),
        ([parent(ACCEPTED)], ""),
        ([parent(REFUSED, RESOLVED)], "route.refused"),
        ([parent(ACCEPTED, LOST)], "route.refused"),
        ([parent(REFUSED), parent(ACCEPTED, RESOLVED, sectionName="https")], ""),
        ([parent(condition("Accepted", "False", of=1))], ""),
        ([parent(condition("Accepted", of=1), name="another")], "route.ignored"),
        ([parent(condition("Accepted", "Unknown"))], ""),
    ],
)
def test_a_route_is_followed_or_not(parents: list[dict[str, Any]], code: str) -> None:
    route = {"metadata": {"name": "iris", "generation": 2, "creationTimestamp": MADE}, "status": {"parents": parents}}

    later, at_once = (
        trouble_with(route, cluster(), now=(epoch(SAID) or 0.0) + seconds) for seconds in (61.0, 10.0)
    )  # fmt: skip

    assert (later.code if later else "") == code
    assert at_once is None, "a gateway may take its time"
    if later is not None:
        text = str(KSERVE_MESSAGES[code].body) % dict(later.params)
        assert "gateways/models" in text
        assert code != "route.refused" or "no listener" in text


def test_a_gateway_that_speaks_of_a_former_state_for_long_follows_no_more() -> None:
    route = reduced_route(
        {
            "metadata": {
                "name": "iris", "generation": 2, "creationTimestamp": "2026-11-01T12:00:00Z",
                "managedFields": [
                    {"manager": "former", "time": "2026-11-02T12:00:00Z"},
                    {"manager": "portal", "time": MADE},
                    {"manager": "gateway", "time": "2026-11-26T12:04:00Z", "subresource": "status"},
                ],
            },
            "status": {"parents": [parent(condition("Accepted", of=1))]},
        }
    )  # fmt: skip

    early, late = (trouble_with(route, cluster(), now=(epoch(MADE) or 0.0) + seconds) for seconds in (299.0, 301.0))

    assert early is None
    assert late is not None
    assert late.code == "route.lags"
    assert "gateways/models" in str(KSERVE_MESSAGES[late.code].body) % dict(late.params)
    unknown = reduced_route({"metadata": {"name": "iris", "generation": 2}, "status": route["status"]})
    assert trouble_with(unknown, cluster(), now=(epoch(MADE) or 0.0) + 301.0) is None, "nobody knows since when"
