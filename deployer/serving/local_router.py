"""Routes on one machine: the portal's own gateway reads them from the database at each request."""

from __future__ import annotations

from collections.abc import Mapping

from deployer.interfaces import RouteTrouble, TrafficRoute


class LocalRouter:
    """`TrafficRouter` with nothing in front of the cups but the portal; it remembers what this process was told."""

    def __init__(self) -> None:
        self._routes: dict[str, TrafficRoute] = {}

    def route(self, wanted: TrafficRoute) -> None:
        """Want this route."""
        self._routes[wanted.endpoint] = wanted

    def routes(self) -> Mapping[str, TrafficRoute]:
        """What was wanted."""
        return dict(sorted(self._routes.items()))

    def troubles(self) -> Mapping[str, RouteTrouble]:
        """None: whoever reads the routes follows them."""
        return {}

    def remove(self, endpoint: str) -> None:
        """Forget the route."""
        self._routes.pop(endpoint, None)
