"""A controller and a kubelet for the stand-in cluster: every cup gets a Deployment and a pod, and serves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self

from tests.deployer.kserve.worlds import NAMESPACE
from tests.stubs.kube_api import KubeApi

FINALIZER = "inferenceservice.finalizers"
Object = dict[str, Any]
SERVES = "serves"


class Controller:
    """Takes up each InferenceService as soon as it is there; `holds` names cups that it leaves alone at that stage.

    A cup "pending" gets no status at all, a "loading" one a pod that never becomes ready, a "stuck" one is not let go.
    """

    def __init__(self, kube: KubeApi) -> None:
        self._kube = kube
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.holds: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with self._kube.store.lock:
            self._kube.store.lock.notify_all()
        self._thread.join()

    def crash(self, name: str, *, code: int = 137) -> None:
        """End the model server of a cup that serves; it stays down until `revive`."""
        now = _now()
        ended = {"exitCode": code, "reason": "Error", "startedAt": now, "finishedAt": now}
        self._set_pod(name, lambda status: {
            **status,
            "conditions": [_condition("PodScheduled"), _condition("Ready", "False", "ContainersNotReady")],
            "containerStatuses": [{
                **status["containerStatuses"][0], "ready": False, "state": {"terminated": ended},
            }],
        })  # fmt: skip
        self._set_deployment(name, available=0)

    def revive(self, name: str) -> None:
        """Start the server of a cup again, as the kubelet does after its pause."""
        self._set_pod(name, lambda status: {
            **status,
            "conditions": [_condition("PodScheduled"), _condition("Ready")],
            "containerStatuses": [{
                **status["containerStatuses"][0], "ready": True, "state": {"running": {"startedAt": _now()}},
                "restartCount": status["containerStatuses"][0]["restartCount"] + 1,
                "lastState": {"terminated": status["containerStatuses"][0]["state"]["terminated"]},
            }],
        })  # fmt: skip
        self._set_deployment(name, available=1)

    def _run(self) -> None:
        store = self._kube.store
        while not self._stop.is_set():
            with store.lock:
                seen = store.version
                due = [self._due(found) for found in self._services()]
            for act in filter(None, due):
                act()
            with store.lock:
                if store.version == seen and not self._stop.is_set():
                    store.lock.wait(1.0)

    def _services(self) -> list[Object]:
        resource = self._kube.target("inferenceservices").resource
        return [found for (where, _), found in self._kube.store.of(resource).items() if where == NAMESPACE]

    def _due(self, found: Object) -> Callable[[], object] | None:
        meta = found["metadata"]
        name, hold = meta["name"], self.holds.get(meta["name"], SERVES)
        if meta.get("deletionTimestamp"):
            return None if hold == "stuck" else lambda: self._end(name)
        if FINALIZER not in meta.get("finalizers", []):
            return lambda: self._take_up(found, hold)
        return None

    def _take_up(self, found: Object, hold: str) -> None:
        if hold == "pending":
            return
        kube, name = self._kube, found["metadata"]["name"]
        self._patch(name, {"metadata": {"finalizers": [FINALIZER]}})
        labels = {"serving.kserve.io/inferenceservice": name, "component": "predictor"}
        uri = found["spec"]["predictor"]["model"]["storageUri"]
        owner = {"apiVersion": found["apiVersion"], "kind": "InferenceService", "name": name,
                 "uid": found["metadata"]["uid"], "controller": True}  # fmt: skip
        image = "registry.example/runtime:1"
        containers = [{"name": "kserve-container", "image": image}]
        source = {"internal.serving.kserve.io/storage-initializer-sourceuri": uri}
        made = {"name": f"{name}-predictor", "labels": labels}
        kube.create("deployments", {"metadata": {**made, "ownerReferences": [owner]}, "spec": {
            "selector": {"matchLabels": labels}, "replicas": 1,
            "template": {"metadata": {"labels": labels, "annotations": source}, "spec": {"containers": containers}},
        }}, NAMESPACE)  # fmt: skip
        meta = {"name": f"{name}-predictor-1", "labels": labels, "annotations": source}
        kube.create("pods", {"metadata": meta, "spec": {"containers": containers}}, NAMESPACE)
        ready = hold == SERVES
        state = {"running": {"startedAt": _now()}}
        kube.set_status("pods", f"{name}-predictor-1", {
            "phase": "Running", "startTime": _now(),
            "conditions": [_condition("PodScheduled"), _condition("Ready", "True" if ready else "False")],
            "containerStatuses": [{"name": "kserve-container", "image": image, "imageID": image, "restartCount": 0,
                                   "ready": ready, "state": state}],
        }, NAMESPACE)  # fmt: skip
        self._set_deployment(name, available=int(ready))
        words = ("IngressReady", "PredictorReady", "Ready")
        conditions = [_condition(word, "True" if ready else "False") for word in words]
        kube.set_status("inferenceservices", name, {"conditions": conditions}, NAMESPACE)

    def _end(self, name: str) -> None:
        for plural, made in (("pods", f"{name}-predictor-1"), ("deployments", f"{name}-predictor")):
            if self._kube.get(plural, made, NAMESPACE):
                self._kube.delete(plural, made, NAMESPACE)
        if self._kube.get("inferenceservices", name, NAMESPACE):
            self._patch(name, {"metadata": {"finalizers": None}})

    def _patch(self, name: str, patch: Object) -> None:
        from tests.stubs.kube_api.options import Options

        where = self._kube.target("inferenceservices", NAMESPACE, name)
        self._kube.operations.patch(where, "application/merge-patch+json", patch, Options("manager"))

    def _set_pod(self, name: str, change: Callable[[Object], Object]) -> None:
        found = self._kube.get("pods", f"{name}-predictor-1", NAMESPACE)
        assert found is not None
        self._kube.set_status("pods", f"{name}-predictor-1", change(found["status"]), NAMESPACE)

    def _set_deployment(self, name: str, *, available: int) -> None:
        found = self._kube.get("deployments", f"{name}-predictor", NAMESPACE)
        assert found is not None
        status = {"observedGeneration": found["metadata"].get("generation", 1), "replicas": 1, "updatedReplicas": 1,
                  "conditions": [_condition("Available", "True" if available else "False")]}  # fmt: skip
        if available:
            status |= {"availableReplicas": 1, "readyReplicas": 1}
        self._kube.set_status("deployments", f"{name}-predictor", status, NAMESPACE)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition(name: str, status: str = "True", reason: str = "") -> Object:
    return {"type": name, "status": status, "lastTransitionTime": _now(), **({"reason": reason} if reason else {})}
