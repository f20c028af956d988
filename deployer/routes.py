"""Keeps what the router does equal to what the database says: every endpoint's requests go to its current cup."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deployer.backends import traffic_router
from deployer.errors import OperatorError, TransientError
from deployer.interfaces import Share, TrafficRoute, TrafficRouter
from deployer.models import Endpoint, Rollout

WHOLE = 100


def converge_routes() -> None:
    """Bring every route in line and take away those of endpoints that answer nothing; one query. Safe to repeat.

    A route that cannot be had does not keep the others waiting: the first `TransientError` or `OperatorError` is raised
    at the end.
    """
    first: TransientError | OperatorError | None = None
    for step in _steps(traffic_router(), wanted_routes()):
        try:
            step()
        except (TransientError, OperatorError) as error:
            first = first or error
    if first is not None:
        raise first


def converge_route(endpoint: str) -> None:
    """As `converge_routes`, for one endpoint."""
    router, wanted = traffic_router(), wanted_routes(endpoint)
    if endpoint in wanted:
        router.route(wanted[endpoint])
    else:
        router.remove(endpoint)


def wanted_routes(endpoint: str = "") -> dict[str, TrafficRoute]:
    """The routes by endpoint, or that of one: all requests go to the cup of the current rollout."""
    rows = Endpoint.objects.filter(current__isnull=False)
    rows = rows.filter(name=endpoint) if endpoint else rows
    return {
        name: TrafficRoute(endpoint=name, shares=(Share(cup=Rollout(pk=current).cup_name, weight=WHOLE),))
        for name, current in rows.values_list("name", "current_id").iterator()
    }


def _steps(router: TrafficRouter, wanted: dict[str, TrafficRoute]) -> Iterator[Callable[[], None]]:
    found = router.routes()
    for name, route in wanted.items():
        if found.get(name) != route:
            yield lambda route=route: router.route(route)  # type: ignore[misc]  # bound now, called at once
    for name in found.keys() - wanted.keys():
        yield lambda name=name: router.remove(name)  # type: ignore[misc]  # as above
