"""Whether the models themselves answer: asked once of each replica that the cluster calls ready."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from deployer.errors import PortalError
from deployer.interfaces import CupPhase, CupStatus

from .cluster import Cluster
from .cluster_view import READY_PATH, CupObjects
from .predictor_http import PredictorHttp

TIMEOUT = 2.0
AT_ONCE = 16
BUDGET = 5.0


class CupAnswers:
    """Remembers which replicas have answered; those that have not are asked again at the next look."""

    def __init__(self, cluster: Cluster, http: PredictorHttp) -> None:
        self._cluster = cluster
        self._http = http
        self._answered: dict[str, str] = {}
        self._lock = threading.Lock()

    def of(self, statuses: Mapping[str, CupStatus], objects: Mapping[str, CupObjects]) -> dict[str, bool]:
        """The own word of each cup that is READY by what the cluster says.

        A cup that the time was too short for is left out, and asked next time.
        """
        replicas = {name: status.identity for name, status in statuses.items() if status.phase is CupPhase.READY}
        with self._lock:
            known = {name: True for name, replica in replicas.items() if self._answered.get(name) == replica}
        fresh = self._ask({name: objects[name] for name in replicas if name not in known})
        with self._lock:
            self._answered.update({name: replicas[name] for name, answers in fresh.items() if answers})
            for name in self._answered.keys() & (statuses.keys() - replicas.keys()):
                del self._answered[name]
        return {**known, **fresh}

    def _ask(self, due: Mapping[str, CupObjects]) -> dict[str, bool]:
        if len(due) <= 1:
            return {name: self._answers(name, objects) for name, objects in due.items()}
        end = time.monotonic() + BUDGET

        def ask(name: str) -> bool | None:
            return self._answers(name, due[name]) if time.monotonic() < end else None

        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            answers = dict(zip(due, pool.map(ask, due), strict=True))
        return {name: answer for name, answer in answers.items() if answer is not None}

    def _answers(self, name: str, objects: CupObjects) -> bool:
        path = str((objects.service or {}).get(READY_PATH) or "/v2/health/ready")
        try:
            answer = self._http.request(
                self._cluster.url_of(name), method="GET", path=path, body=b"", content_type="", timeout=TIMEOUT
            )
        except PortalError:
            return False
        return answer.status == HTTPStatus.OK
