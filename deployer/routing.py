"""Puts requests to whatever version an endpoint answers with at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deployer import selectors
from deployer.errors import TransientError
from deployer.interfaces import ServingBackend, ServingResponse
from deployer.selectors import Route, Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A model server's answer and the route that led to it."""

    route: Route
    response: ServingResponse


class NothingServedError(Exception):
    """The endpoint exists and no version answers there; `silence` tells why."""

    def __init__(self, silence: Silence) -> None:
        super().__init__(silence)
        self.silence = silence


def ask(
    backend: ServingBackend, name: str, *, method: str, path: str, body: bytes = b"", content_type: str = "",
    timeout: float,
) -> Answer:  # fmt: skip
    """One request to the endpoint's current version.

    An unreachable cup is asked for once more along a fresh route: it may just have been replaced, and then the new
    one answers. Raises `NotFoundError`, `NothingServedError`, `TransientError` (unreachable, too slow).
    """

    def once() -> Answer:
        route = selectors.route_to(name)
        if not route.cup:
            raise NothingServedError(selectors.silence_of(name))
        try:
            response = backend.request(
                route.cup, method=method, path=path, body=body, content_type=content_type, timeout=timeout
            )
        except TransientError as error:
            # Which version failed, for the figures.
            params: dict[str, Any] = {**error.params, "version": route.version}
            raise TransientError(error.code, **params) from error
        return Answer(route=route, response=response)

    try:
        return once()
    except TransientError as error:
        if error.code != "serving.unreachable":
            raise
    return once()
