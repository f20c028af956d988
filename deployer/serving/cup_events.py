"""Events of cups that do not start and of which nothing else tells why; asked for seldom, since nobody watches them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from deployer.interfaces import CupPhase, CupStatus

from .cluster_api import EVENT, ApiError, ClusterApi, Object

SILENT_FOR = 20.0
AGAIN_AFTER = 60.0
PAUSE = 1.0
_UNTOLD = frozenset({"", "kserve.pending_too_long", "kserve.no_pod", "kserve.controller_down", "kserve.mount_failed"})


class CupEvents:
    """Warnings about a cup's objects, by cup; at most one call a second, and one a minute for each cup."""

    def __init__(self, api: ClusterApi) -> None:
        self._api = api
        self._known: dict[str, tuple[float, Sequence[Object]]] = {}
        self._asked_at = 0.0
        self._lock = threading.Lock()

    def known(self, name: str) -> Sequence[Object]:
        """What was found last."""
        with self._lock:
            return self._known.get(name, (0.0, ()))[1]

    def look_after(self, status: CupStatus, *, now: float) -> None:
        """Ask, if this cup has been silent for long enough; forget, if it serves or is gone."""
        if status.phase in {CupPhase.READY, CupPhase.ABSENT, CupPhase.STOPPING}:
            with self._lock:
                self._known.pop(status.name, None)
            return
        silent = status.started_at is not None and now - status.started_at > SILENT_FOR
        if status.code not in _UNTOLD or not silent or not self._due(status.name, now):
            return
        try:
            found = self._api.list(EVENT, fields="type=Warning").items
        except ApiError:
            return  # the right to read events may be missing; without them the deadline tells
        with self._lock:
            self._known[status.name] = (now, [event for event in found if _is_about(event, status.name)])

    def _due(self, name: str, now: float) -> bool:
        with self._lock:
            if now - self._asked_at < PAUSE or now - self._known.get(name, (-AGAIN_AFTER, ()))[0] < AGAIN_AFTER:
                return False
            self._asked_at = now
            self._known[name] = (now, self._known.get(name, (0.0, ()))[1])
            return True


def _is_about(event: Object, name: str) -> bool:
    about = str((event.get("involvedObject") or {}).get("name", ""))
    return about == name or about.startswith(f"{name}-predictor")
