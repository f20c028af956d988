"""A router in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer.errors import TransientError
from deployer.interfaces import RouteTrouble, TrafficRoute


@dataclass
class FakeRouter:
    """`TrafficRouter` without a gateway. `calls` lists the verbs in order; `down` refuses them all.

    `ignored` holds what a gateway says against a route, by endpoint.
    """

    calls: list[tuple[str, str]] = field(default_factory=list)
    down: bool = False
    ignored: dict[str, RouteTrouble] = field(default_factory=dict)
    _routes: dict[str, TrafficRoute] = field(default_factory=dict)

    def route(self, wanted: TrafficRoute) -> None:
        self._answer("route", wanted.endpoint)
        self._routes[wanted.endpoint] = wanted

    def routes(self) -> Mapping[str, TrafficRoute]:
        if self.down:
            raise TransientError("kserve.api_unreachable")
        return dict(sorted(self._routes.items()))

    def troubles(self) -> Mapping[str, RouteTrouble]:
        if self.down:
            raise TransientError("kserve.api_unreachable")
        return {name: told for name, told in self.ignored.items() if name in self._routes}

    def remove(self, endpoint: str) -> None:
        self._answer("remove", endpoint)
        self._routes.pop(endpoint, None)

    def _answer(self, verb: str, endpoint: str) -> None:
        if self.down:
            raise TransientError("kserve.api_unreachable")
        self.calls.append((verb, endpoint))
