"""What goes wrong to order."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.stubs.kube_api import statuses
from tests.stubs.kube_api.statuses import ApiError


@dataclass
class Fault:
    """What happens to the next `times` requests that match (-1: to all of them until it is taken back).

    `verb` is the API's (get, list, watch, create, update, patch, delete, deletecollection; empty for other paths),
    `resource` a plural with its subresource, `path` a pattern; empty ones match all. `delay` seconds come first. Then
    either an answer with `status`, or `cut`: "before" (nothing is done), "after" (it is done, but the answer is lost),
    or "within" (the answer breaks off in the middle).
    """

    verb: str = ""
    resource: str = ""
    path: str = ""
    status: int = 0
    retry_after: int | None = None
    message: str = ""
    cut: str = ""
    delay: float = 0.0
    times: int = 1

    def matches(self, verb: str, resource: str, path: str) -> bool:
        return (
            self.times != 0
            and self.verb in {"", verb}
            and self.resource in {"", resource}
            and bool(re.search(self.path, path))
        )

    def error(self) -> ApiError:
        """The answer as a real server or its front words it."""
        known: dict[int, Callable[[], ApiError]] = {
            401: statuses.unauthorized,
            429: lambda: statuses.too_many(self.retry_after),
            500: lambda: statuses.internal(self.message or "etcdserver: request timed out"),
            503: lambda: statuses.unavailable(self.retry_after),
        }
        if self.status in known:
            return known[self.status]()
        reasons = {403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired", 422: "Invalid", 504: "Timeout"}
        return ApiError(self.status, reasons.get(self.status, ""), self.message or f"status {self.status} to order")


@dataclass
class Faults:
    """The faults to come, first match first."""

    ordered: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, verb: str, resource: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.ordered:
                if fault.matches(verb, resource, path):
                    fault.times -= fault.times > 0
                    return fault
        return None
