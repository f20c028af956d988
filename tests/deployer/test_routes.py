"""What the router is told: the current cup, at once and again at every sweep, and nothing of what answers no more."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django.test import Client
from django.utils import timezone

from deployer.backends import traffic_router
from deployer.errors import OperatorError, TransientError
from deployer.interfaces import RouteTrouble, Share, TrafficRoute
from deployer.models import Health, Rollout
from deployer.reconcile import reconcile, repair_routes
from deployer.routes import converge_routes
from deployer.sync import Sync, sync_of
from registry.models import Event, Job
from registry.services import retire_version
from tests.deployer import pages, scene
from tests.fakes.routing import FakeRouter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


@pytest.fixture
def router(settings: Any, _fakes: None) -> FakeRouter:
    entry = {"class": "tests.fakes.routing.FakeRouter", "options": {}}
    settings.BACKENDS = {**settings.BACKENDS, "traffic_router": entry}
    return cast(FakeRouter, traffic_router())


def to(rollout: Rollout) -> dict[str, TrafficRoute]:
    name = rollout.endpoint.name
    return {name: TrafficRoute(endpoint=name, shares=(Share(cup=rollout.cup_name, weight=100),))}


def test_a_rollout_leads_the_requests_to_its_cup_at_once(router: FakeRouter) -> None:
    rollout = scene.served()

    assert router.routes() == to(rollout)
    repair_routes()
    assert len(router.calls) == 1, "what is right is left alone"


def test_a_route_that_somebody_changed_or_took_away_is_put_back(router: FakeRouter) -> None:
    rollout = scene.served()
    (name,) = to(rollout)
    router.remove(name)
    router.route(TrafficRoute(endpoint="left-over", shares=()))

    repair_routes()

    assert router.routes() == to(rollout)


def test_a_retired_version_loses_its_route_before_its_cup(router: FakeRouter) -> None:
    rollout = scene.served()
    scene.serving().calls.clear()
    router.down = True
    scene.work(retire_version(version=rollout.version, actor=scene.operator(), reason="old"))
    assert ("delete", rollout.cup_name) not in scene.serving().calls, "nobody is sent to a cup that is gone"

    router.down = False
    Job.objects.filter(kind="stop_cup").update(run_after=timezone.now())  # its pause is over
    scene.work(reconcile())

    assert router.routes() == {}
    assert ("delete", rollout.cup_name) in scene.serving().calls


def test_a_router_that_is_away_holds_no_rollout_up(router: FakeRouter) -> None:
    router.down = True
    rollout = scene.served()
    assert repair_routes() == ()

    router.down = False
    repair_routes()
    assert router.routes() == to(rollout)


def test_one_route_that_is_refused_keeps_no_other_waiting(router: FakeRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = scene.served(name="one"), scene.served(name="two")
    wanted = router.routes()
    for endpoint in wanted:
        router.remove(endpoint)
    plain = router.route

    def picky(route: TrafficRoute) -> None:
        if route.endpoint == first.endpoint.name:
            raise OperatorError("kserve.name_not_ours", name=route.endpoint, namespace="models")
        plain(route)

    monkeypatch.setattr(router, "route", picky)
    with pytest.raises(OperatorError, match=r"kserve\.name_not_ours"):
        converge_routes()

    assert router.routes() == {second.endpoint.name: wanted[second.endpoint.name]}


def test_an_error_of_the_router_is_worth_repeating(router: FakeRouter) -> None:
    router.down = True
    with pytest.raises(TransientError, match=r"kserve\.api_unreachable"):
        converge_routes()


def test_a_route_that_the_gateway_refuses_is_told_until_it_is_followed(router: FakeRouter, client: Client) -> None:
    """The replica is well, and what should be served is not what is served."""
    rollout = scene.served()
    refused = RouteTrouble(code="route.refused", params={"gateway": "gateways/models", "detail": "no such listener"})
    router.ignored[rollout.endpoint.name] = refused
    applied = scene.serving().calls.count(("apply", rollout.cup_name))

    for _round in range(3):
        scene.work(reconcile())
        rollout.refresh_from_db()
        assert (rollout.health, rollout.health_code) == (Health.HEALTHY, "route.refused")
        router.down = _round == 1  # what was seen last stands while nobody answers
    router.down = False
    assert sync_of(rollout, compared=True) == Sync.OUT_OF_SYNC
    assert scene.serving().calls.count(("apply", rollout.cup_name)) == applied, "the replica needs nothing"
    for page in (f"/rollouts/{rollout.pk}/", "/operations/"):
        assert "no such listener" in pages.text_of(client.get(page))
    assert "An operator has to act." in pages.text_of(client.get("/operations/"))

    router.ignored.clear()
    scene.work(reconcile())
    rollout.refresh_from_db()

    assert (rollout.health, rollout.health_code) == (Health.HEALTHY, "")
    assert sync_of(rollout, compared=True) == Sync.SYNCED
    told = Event.objects.filter(tag__in=["rollout:unrouted", "rollout:recovered"]).order_by("pk")
    assert list(told.values_list("tag", flat=True)) == ["rollout:unrouted", "rollout:recovered"]
