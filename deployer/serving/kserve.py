"""Serving by KServe: an InferenceService a cup, watched rather than asked for, and never patched in place."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from deployer.errors import ConflictError, OperatorError, RuntimeUnavailableError, TransientError
from deployer.interfaces import CupSpec, CupStatus, ServingResponse

from .cluster import APPLIED, CUP, PORTAL, Cluster
from .cluster_api import INFERENCE_SERVICE, ApiError, ClusterApi, Object, portal_error
from .cluster_view import DRIFTED, OTHER_IMAGE, ClusterView, CupObjects
from .conditions import Seen, judge
from .cup_answers import CupAnswers
from .cup_events import CupEvents
from .cup_logs import tail_of
from .drift import differences
from .inference_service import fingerprint, inference_service, restored, serving_runtime
from .predictor_http import PredictorHttp
from .restrictions import breaches

logger = logging.getLogger(__name__)
_MISSING_RUNTIME = frozenset({"kserve.no_runtime", "kserve.runtime_disabled"})
Connect = Callable[[], ClusterApi]
MOST_FIELDS = 5
T = TypeVar("T")


class KServeBackend:
    """`ServingBackend` over one namespace of a cluster. Threads may share one; a forked process makes its own anew."""

    pulls_images = True

    def __init__(
        self, cluster: Cluster, *, connect: Connect | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._cluster = cluster
        self._connect = connect or (lambda: _kubernetes(cluster))
        self._clock = clock
        self._lock = threading.Lock()
        self._exchanges: tuple[int, PredictorHttp, CupAnswers] | None = None
        self._parts: tuple[int, ClusterApi, ClusterView, CupEvents] | None = None
        self._runtimes: set[str] = set()

    @property
    def longest_start(self) -> float:
        """As the settings say."""
        return self._cluster.start_timeout

    def apply(self, spec: CupSpec) -> CupStatus:
        """Want this cup. What is there as it was applied costs no call; what was changed by hand is put back.

        Beside the Protocol's errors: `ConflictError` if the name stands for another cup, `OperatorError` for what the
        cluster refuses or what is another's.
        """
        runtime = self._cluster.runtime(spec.runtime)
        if runtime is None:
            raise RuntimeUnavailableError("runtime.unknown", runtime=spec.runtime)
        if spec.runtime not in self._cluster.runtime_images:
            raise RuntimeUnavailableError("kserve.runtime_image_unset", runtime=spec.runtime)
        view = self._view().fresh()
        known = view.services.get(spec.name)
        if known is None:
            live = self._called("get", spec.name, lambda: self._api().get(INFERENCE_SERVICE, spec.name))
            if live is None:
                return self._create(spec)
            self._require_ours(live)
            view.services.note(live)
            known = view.services.get(spec.name) or live
        if known["metadata"].get("deletionTimestamp"):
            raise TransientError("kserve.still_stopping", name=spec.name)
        if (known["metadata"].get("annotations") or {}).get(CUP) != fingerprint(spec):
            raise ConflictError("serving.name_taken", name=spec.name)
        status = self._judged({spec.name: view.of(spec.name)})[spec.name]
        if status.code in _MISSING_RUNTIME:
            self._bring_runtime(spec.runtime, again=True)
        if known.get(DRIFTED):
            self._put_back(spec)
        return status

    def status(self, name: str) -> CupStatus:
        """The cup now, from what the watches have told."""
        return self._judged({name: self._view().fresh().of(name)})[name]

    def statuses(self) -> Mapping[str, CupStatus]:
        """Every cup of this portal."""
        return self._judged(self._view().fresh().all())

    def delete(self, name: str) -> None:
        """Ask for the end of the cup; it is STOPPING until its finalizers are done. What is another's is left alone."""
        view = self._view().fresh()
        found = view.services.get(name)
        if found is None:
            found = self._called("get", name, lambda: self._api().get(INFERENCE_SERVICE, name))
            if found is None or not self._is_ours(found):
                return
        if found["metadata"].get("deletionTimestamp"):
            return
        uid = str(found["metadata"].get("uid", ""))
        left = self._called("delete", name, lambda: self._api().delete(INFERENCE_SERVICE, name, uid=uid))
        if left is None:
            view.services.forget(name, uid=uid)
        else:
            view.services.note(left)

    def request(
        self, name: str, *, method: str, path: str, body: bytes = b"", content_type: str = "", timeout: float
    ) -> ServingResponse:
        """One HTTP exchange with the cup's model server."""
        return self._talking()[1].request(
            self._cluster.url_of(name), method=method, path=path, body=body, content_type=content_type, timeout=timeout
        )

    def logs(self, name: str, *, max_bytes: int = 65536) -> str:
        """The tail of the replica's output; "" where there is none or the cluster does not tell."""
        try:
            return tail_of(self._api(), self._view().fresh().of(name).pods, max_bytes=max_bytes)
        except (TransientError, OperatorError):
            return ""

    def stop_all(self) -> None:
        """Ask for the end of every cup of this portal."""
        for name in self._view().fresh().names():
            self.delete(name)

    def close(self) -> None:
        """End the watches."""
        with self._lock:
            if self._parts is not None:
                self._parts[2].stop()
                self._parts = None

    def _create(self, spec: CupSpec) -> CupStatus:
        manifest = inference_service(spec, self._cluster)
        broken = breaches(manifest)
        if broken:
            raise OperatorError("kserve.unrestricted", rules=", ".join(broken))
        self._bring_runtime(spec.runtime)
        tried = self._called("create", spec.name, lambda: self._api().apply(manifest, dry_run=True))
        altered = list(differences(manifest["spec"], tried.get("spec")))
        if altered:  # it would be put back at every sweep, for ever
            raise OperatorError("kserve.altered", fields=", ".join(altered[:MOST_FIELDS]))
        made = self._called("create", spec.name, lambda: self._api().apply(manifest))
        self._require_ours(made)
        view = self._view()
        view.services.note(made)
        return self._judged({spec.name: view.of(spec.name)})[spec.name]

    def _put_back(self, spec: CupSpec) -> None:
        """Apply again what was applied first.

        Who changed it loses the fields, which is said; what cannot be put back is taken away and made anew by whoever
        wants it.
        """
        name = spec.name
        live = self._called("get", name, lambda: self._api().get(INFERENCE_SERVICE, name))
        if live is None:
            raise TransientError("serving.cup_gone", name=name)
        self._require_ours(live)
        manifest = restored(inference_service(spec, self._cluster), live["metadata"]["annotations"].get(APPLIED, ""))
        try:
            result = self._api().apply(manifest)
        except ApiError as error:
            if not error.is_ownership_conflict:
                raise self._translated(error, "patch", name) from error
            logger.warning("%s was changed by %s; it is put back", name, error.managers())
            result = self._called("patch", name, lambda: self._api().apply(manifest, force=True))
        self._view().services.note(result)
        if breaches(result):
            logger.warning("%s was given what no model may have; it is made anew", name)
            self.delete(name)

    def _bring_runtime(self, name: str, *, again: bool = False) -> None:
        """Put the ServingRuntime in place, once in a process and whenever it is found missing."""
        if name in self._runtimes and not again:
            return
        runtime = self._cluster.runtime(name)
        if runtime is None:
            return
        manifest = serving_runtime(runtime, self._cluster)
        try:
            self._api().apply(manifest)
        except ApiError as error:
            if not error.is_ownership_conflict:
                raise self._translated(error, "create", name, kind="ServingRuntime") from error
            logger.warning("the ServingRuntime of %s was changed by %s; it is put back", name, error.managers())
            self._called("patch", name, lambda: self._api().apply(manifest, force=True), kind="ServingRuntime")
        self._runtimes.add(name)

    def _judged(self, objects: Mapping[str, CupObjects]) -> dict[str, CupStatus]:
        """The verdict on each; one that is READY is believed once it has answered itself."""
        seen = {name: self._seen(name, found) for name, found in objects.items()}
        statuses = {name: judge(one) for name, one in seen.items()}
        for name, answers in self._talking()[2].of(statuses, objects).items():
            if not answers:
                statuses[name] = judge(replace(seen[name], answers=False))
        for status in statuses.values():
            self._events().look_after(status, now=self._clock())
        return statuses

    def _seen(self, name: str, objects: CupObjects) -> Seen:
        return Seen(
            name=name,
            now=self._clock(),
            service=objects.service,
            deployments=objects.deployments,
            pods=objects.pods,
            events=self._events().known(name),
            drifted=bool(objects.service and objects.service.get(DRIFTED)),
            other_image=bool(objects.service and objects.service.get(OTHER_IMAGE)),
            start_timeout=self._cluster.start_timeout,
            delete_timeout=self._cluster.delete_timeout,
        )

    def _is_ours(self, found: Object) -> bool:
        return (found["metadata"].get("labels") or {}).get(PORTAL) == self._cluster.portal

    def _require_ours(self, found: Object) -> None:
        if not self._is_ours(found):
            name = str(found["metadata"]["name"])
            raise OperatorError("kserve.name_not_ours", name=name, namespace=self._cluster.namespace)

    def _called(self, verb: str, name: str, call: Callable[[], T], *, kind: str = "") -> T:
        try:
            return call()
        except ApiError as error:
            raise self._translated(error, verb, name, kind=kind) from error

    def _translated(self, error: ApiError, verb: str, name: str, *, kind: str = "") -> Exception:
        namespace = self._cluster.namespace
        return portal_error(error, verb=verb, kind=kind or INFERENCE_SERVICE.name, name=name, namespace=namespace)

    def _connected(self) -> tuple[int, ClusterApi, ClusterView, CupEvents]:
        """The client and the watches of this process: neither sockets nor threads outlive a fork."""
        with self._lock:
            if self._parts is None or self._parts[0] != os.getpid():
                api = self._connect()
                view = ClusterView(api, self._cluster)
                self._parts = (os.getpid(), api, view, CupEvents(api))
                self._runtimes = set()
            return self._parts

    def _talking(self) -> tuple[int, PredictorHttp, CupAnswers]:
        """The connections to models of this process, for which nobody need know the cluster: two cannot share one."""
        with self._lock:
            if self._exchanges is None or self._exchanges[0] != os.getpid():
                http = PredictorHttp()
                self._exchanges = (os.getpid(), http, CupAnswers(self._cluster, http))
            return self._exchanges

    def _api(self) -> ClusterApi:
        return self._connected()[1]

    def _view(self) -> ClusterView:
        return self._connected()[2]

    def _events(self) -> CupEvents:
        return self._connected()[3]


def _kubernetes(cluster: Cluster) -> ClusterApi:
    from .kubernetes_api import KubernetesApi

    return KubernetesApi(cluster)
