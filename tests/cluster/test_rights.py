"""The Role in `deploy/` and what the portal does on a cluster are the same list."""

from __future__ import annotations

import contextlib
from pathlib import Path

from deployer.interfaces import CupPhase, Share, TrafficRoute
from deployer.serving.cluster import FIELD_MANAGER
from tests.cluster.site import Site, cup, prepared, reached, serves, until
from tests.deploy.manifests import KUBERNETES, rendered, rights
from tests.stubs.kube_api import KubeApi

LONGEST = 30.0


def used(api: KubeApi) -> set[tuple[str, str, str]]:
    """(API group, resource, verb) of all that the portal asked for; an apply that creates needs both rights."""
    groups = {resource.plural: resource.group for resource in api.resources.values()}
    asked = set()
    for entry in api.requests:
        if entry.agent != FIELD_MANAGER or not entry.resource:
            continue
        assert entry.status != 403, f"{entry.verb} {entry.path} is not in the Role"
        group = groups[entry.resource.partition("/")[0]]
        asked.add((group, entry.resource, entry.verb))
        if entry.verb == "patch" and entry.status == 201:
            asked.add((group, entry.resource, "create"))
    return asked


def live_through_everything(site: Site) -> None:
    """A cup from its first day to its last, with a hand that meddles, and one of which only events could tell."""
    player = site.player
    assert player is not None
    with contextlib.closing(site.backend()) as backend, contextlib.closing(site.router()) as router:
        backend.apply(cup("cup-1"))
        reached(backend, "cup-1", serves, seconds=LONGEST)
        assert "serving" in backend.logs("cup-1")
        site.merge(
            "serving.kserve.io/v1beta1", "InferenceService", "cup-1", {"spec": {"predictor": {"maxReplicas": 3}}}
        )
        reached(backend, "cup-1", lambda one: one.code == "kserve.drifted", seconds=LONGEST)
        backend.apply(cup("cup-1"))
        route = TrafficRoute(endpoint="quality", shares=(Share(cup="cup-1", weight=100),))
        router.route(route)
        assert router.routes() == {"quality": route}
        router.remove("quality")
        until(lambda: not router.routes(), seconds=LONGEST)
        backend.delete("cup-1")
        reached(backend, "cup-1", lambda one: one.phase is CupPhase.ABSENT, seconds=LONGEST)
    player.play("cup-2", "controller_down")
    with contextlib.closing(site.backend(ahead=100.0)) as later:
        later.apply(cup("cup-2"))
        reached(later, "cup-2", lambda one: one.code == "kserve.controller_down", seconds=LONGEST)


def test_the_portal_uses_every_right_of_its_role_and_needs_no_other(tmp_path: Path) -> None:
    with KubeApi() as api, prepared(api.kubeconfig(tmp_path / "kubeconfig"), tmp_path) as site:
        live_through_everything(site)
        assert used(api) == rights(rendered(KUBERNETES / "models"))
