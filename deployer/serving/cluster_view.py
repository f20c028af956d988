"""What the cluster has of this portal's cups, kept in memory by three watches, and of each object what counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployer.errors import PortalError, TransientError

from .cluster import CUP, OF_CUP, PORTAL, Cluster
from .cluster_api import DEPLOYMENT, INFERENCE_SERVICE, POD, ApiError, ClusterApi, Object, portal_error
from .drift import has_drifted, serves_another_image
from .reflector import Reflector

SYNC_SECONDS = 20.0
STALE_SECONDS = 60.0
DRIFTED, OTHER_IMAGE, READY_PATH = "drifted", "otherImage", "readyPath"
_META = ("name", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")
_SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
_POD_STATUS = ("phase", "reason", "message", "startTime", "conditions", "initContainerStatuses", "containerStatuses")
_COUNTERS = ("observedGeneration", "replicas", "updatedReplicas", "availableReplicas", "conditions")


@dataclass(frozen=True, slots=True)
class CupObjects:
    """One cup's objects."""

    service: Object | None
    deployments: Sequence[Object]
    pods: Sequence[Object]


class ClusterView:
    """The picture. It raises rather than show one that is too old: a silent cluster is no cluster without cups."""

    def __init__(self, api: ClusterApi, cluster: Cluster) -> None:
        self._namespace = cluster.namespace
        self.services = Reflector(
            api, INFERENCE_SERVICE, labels=f"{PORTAL}={cluster.portal}", reduce=reduced_service
        )  # fmt: skip
        self._deployments = Reflector(api, DEPLOYMENT, labels=OF_CUP, reduce=reduced_deployment)
        self._pods = Reflector(api, POD, labels=OF_CUP, reduce=reduced_pod)

    def fresh(self) -> ClusterView:
        """Itself, once it has seen everything. `TransientError` or `OperatorError` if it cannot or is too old."""
        for reflector in (self.services, self._deployments, self._pods):
            reflector.start()
        for reflector, kind in ((self.services, INFERENCE_SERVICE), (self._deployments, DEPLOYMENT), (self._pods, POD)):
            seen = reflector.wait(SYNC_SECONDS)
            if not seen or reflector.silence > STALE_SECONDS:
                raise self._error(reflector.failure, kind.name)
        return self

    def stop(self) -> None:
        """End the watches."""
        for reflector in (self.services, self._deployments, self._pods):
            reflector.stop()

    def names(self) -> list[str]:
        """The cups that are there."""
        return sorted(self.services.all())

    def of(self, name: str) -> CupObjects:
        """One cup's objects."""
        return CupObjects(
            service=self.services.get(name),
            deployments=[found for found in self._deployments.all().values() if cup_of(found) == name],
            pods=[found for found in self._pods.all().values() if cup_of(found) == name],
        )

    def all(self) -> Mapping[str, CupObjects]:
        """Every cup's objects, in one pass."""
        deployments, pods = _by_cup(self._deployments.all()), _by_cup(self._pods.all())
        return {
            name: CupObjects(service=service, deployments=deployments[name], pods=pods[name])
            for name, service in sorted(self.services.all().items())
        }

    def _error(self, failure: ApiError | None, kind: str) -> PortalError:
        if failure is None:
            return TransientError("kserve.api_unreachable")
        return portal_error(failure, verb="watch", kind=kind, name="", namespace=self._namespace)


def cup_of(found: Object) -> str:
    """The cup that a Deployment or pod belongs to; "" for none."""
    return str((found["metadata"].get("labels") or {}).get(OF_CUP, ""))


def reduced_service(found: Object) -> Object:
    """An InferenceService with its verdict on drift, since what that takes is not kept."""
    annotations = found["metadata"].get("annotations") or {}
    model = ((found.get("spec") or {}).get("predictor") or {}).get("model") or {}
    status = found.get("status") or {}
    probe = (model.get("readinessProbe") or {}).get("httpGet") or {}
    return {
        "metadata": {
            **_meta(found),
            "finalizers": found["metadata"].get("finalizers") or [],
            "annotations": _some(annotations, CUP, "serving.kserve.io/stop"),
        },
        "spec": {"predictor": {"model": _some(model, "storageUri", "runtime")}},
        "status": {"conditions": status.get("conditions") or [], "modelStatus": status.get("modelStatus") or {}},
        DRIFTED: has_drifted(found),
        OTHER_IMAGE: serves_another_image(found),
        READY_PATH: probe.get("path", ""),
    }


def reduced_deployment(found: Object) -> Object:
    """A Deployment's counters and conditions."""
    owners = found["metadata"].get("ownerReferences") or []
    meta = {**_meta(found), "ownerReferences": owners, "labels": _labels(found)}
    return {"metadata": meta, "status": _some(found.get("status") or {}, *_COUNTERS)}


def reduced_pod(found: Object) -> Object:
    """A pod's statuses, and which image it was made for."""
    meta = {**_meta(found), "labels": _labels(found)}
    meta["annotations"] = _some(found["metadata"].get("annotations") or {}, _SOURCE)
    volumes = [_some(v, "name", "image") for v in (found.get("spec") or {}).get("volumes") or () if v.get("image")]
    return {
        "metadata": meta,
        "spec": {"volumes": volumes},
        "status": _some(found.get("status") or {}, *_POD_STATUS),
    }


def _meta(found: Object) -> dict[str, Any]:
    return _some(found["metadata"], *_META)


def _labels(found: Object) -> dict[str, Any]:
    return _some(found["metadata"].get("labels") or {}, OF_CUP)


def _some(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _by_cup(objects: Mapping[str, Object]) -> defaultdict[str, list[Object]]:
    grouped: defaultdict[str, list[Object]] = defaultdict(list)
    for found in objects.values():
        grouped[cup_of(found)].append(found)
    return grouped
