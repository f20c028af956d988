"""Routes on the cluster: one HTTPRoute an endpoint, which the gateway follows."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping

from deployer.errors import OperatorError, PortalError, TransientError
from deployer.interfaces import RouteTrouble, TrafficRoute

from .cluster import ENDPOINT, PORTAL, Cluster
from .cluster_api import HTTP_ROUTE, ApiError, ClusterApi, Object, portal_error
from .drift import holds
from .http_route import http_route, route_in
from .reflector import Reflector
from .route_status import trouble_with

logger = logging.getLogger(__name__)
SYNC_SECONDS = 20.0
STALE_SECONDS = 60.0
_META = ("name", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")


class KServeRouter:
    """`TrafficRouter` over the Gateway API. Threads may share one; a forked process makes its own anew."""

    def __init__(
        self, cluster: Cluster, *, connect: Callable[[], ClusterApi] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._cluster = cluster
        self._clock = clock
        self._connect = connect or (lambda: _kubernetes(cluster))
        self._lock = threading.Lock()
        self._parts: tuple[int, ClusterApi, Reflector] | None = None

    def route(self, wanted: TrafficRoute) -> None:
        """Want this route; no call is made where it is there already. What was changed by hand is put back."""
        manifest = http_route(wanted, self._cluster)
        api, known = self._api(), self._fresh()
        found = known.get(wanted.endpoint)
        if found is not None and holds(manifest["spec"], found["spec"]):
            return
        try:
            if found is None:
                self._require_free(api, wanted.endpoint)
            known.note(self._applied(api, manifest))
        except ApiError as error:
            raise self._error(error, "patch", wanted.endpoint) from error

    def routes(self) -> Mapping[str, TrafficRoute]:
        """The routes of this portal."""
        return {name: route_in(found) for name, found in sorted(self._fresh().all().items())}

    def troubles(self) -> Mapping[str, RouteTrouble]:
        """What the gateway says against routes of this portal, from what the watch has told."""
        now = self._clock()
        looked = {name: trouble_with(found, self._cluster, now=now) for name, found in self._fresh().all().items()}
        return {name: trouble for name, trouble in looked.items() if trouble is not None}

    def remove(self, endpoint: str) -> None:
        """Take the route away; an absent one, or another's, is left alone."""
        known = self._fresh()
        found = known.get(endpoint)
        if found is None:
            return
        uid = str(found["metadata"].get("uid", ""))
        try:
            left = self._api().delete(HTTP_ROUTE, endpoint, uid=uid)
        except ApiError as error:
            raise self._error(error, "delete", endpoint) from error
        if left is None or not left["metadata"].get("finalizers"):
            known.forget(endpoint, uid=uid)

    def close(self) -> None:
        """End the watch."""
        with self._lock:
            if self._parts is not None:
                self._parts[2].stop()
                self._parts = None

    def _applied(self, api: ClusterApi, manifest: Object) -> Object:
        try:
            return api.apply(manifest)
        except ApiError as error:
            if not error.is_ownership_conflict:
                raise
            logger.warning("route %s was changed by %s; it is put back", manifest["metadata"]["name"], error.managers())
            return api.apply(manifest, force=True)

    def _require_free(self, api: ClusterApi, endpoint: str) -> None:
        live = api.get(HTTP_ROUTE, endpoint)
        if live is not None and (live["metadata"].get("labels") or {}).get(PORTAL) != self._cluster.portal:
            raise OperatorError("kserve.name_not_ours", name=endpoint, namespace=self._cluster.namespace)

    def _fresh(self) -> Reflector:
        reflector = self._connected()[2]
        reflector.start()
        seen = reflector.wait(SYNC_SECONDS)
        if not seen or reflector.silence > STALE_SECONDS:
            failure = reflector.failure
            raise TransientError("kserve.api_unreachable") if failure is None else self._error(failure, "watch", "")
        return reflector

    def _error(self, error: ApiError, verb: str, name: str) -> PortalError:
        kind, namespace = HTTP_ROUTE.name, self._cluster.namespace
        return portal_error(error, verb=verb, kind=kind, name=name, namespace=namespace)

    def _api(self) -> ClusterApi:
        return self._connected()[1]

    def _connected(self) -> tuple[int, ClusterApi, Reflector]:
        with self._lock:
            if self._parts is None or self._parts[0] != os.getpid():
                api = self._connect()
                labels = f"{PORTAL}={self._cluster.portal}"
                self._parts = (os.getpid(), api, Reflector(api, HTTP_ROUTE, labels=labels, reduce=reduced_route))
            return self._parts


def reduced_route(found: Object) -> Object:
    """An HTTPRoute's way, who it is, when it was changed last ("" if that is not told), and what gateways say of it."""
    meta = found["metadata"]
    kept = {name: meta[name] for name in _META if name in meta}
    written = [entry for entry in meta.get("managedFields") or () if entry.get("subresource") != "status"]
    return {
        "changed": max((str(entry.get("time") or "") for entry in written), default=""),
        "metadata": {**kept, "annotations": {ENDPOINT: meta["name"]}},
        "spec": found.get("spec") or {},
        "status": {"parents": (found.get("status") or {}).get("parents") or []},
    }


def _kubernetes(cluster: Cluster) -> ClusterApi:
    from .kubernetes_api import KubernetesApi

    return KubernetesApi(cluster)
