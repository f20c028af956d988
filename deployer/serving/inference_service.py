"""Manifests as plain dictionaries: the InferenceService of a cup and the ServingRuntimes that load our formats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from deployer.interfaces import CupSpec, RuntimeDefinition

from .cluster import APPLIED, CUP, Cluster, runtime_object_name
from .restrictions import breaches

Manifest = dict[str, Any]
CONTAINER = "kserve-container"
PORT = 8080
SERVER_DIR = "/opt/model-server/server"  # where the runtimes' images have it
USER = 10001
SCRATCH = "64Mi"
START_PERIOD = 2
GRACE_SECONDS = 40
_MIB = 1 << 20
_SPARE_BYTES = 256 * _MIB


def inference_service(spec: CupSpec, cluster: Cluster) -> Manifest:
    """The cup's InferenceService: one replica, its own scale, its own image by digest, and no right to anything."""
    manifest: Manifest = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": spec.name,
            "namespace": cluster.namespace,
            # The endpoint's route is the only door from outside; KServe shall make none of its own.
            "labels": {**cluster.owned(), "networking.kserve.io/visibility": "cluster-local"},
            "annotations": {
                "serving.kserve.io/deploymentMode": "Standard",
                "serving.kserve.io/autoscalerClass": "none",
                # A cup is never patched: a new runtime image is for new cups.
                "serving.kserve.io/disable-auto-update": "true",
                "serving.kserve.io/stop": "false",
                CUP: fingerprint(spec),
            },
        },
        "spec": {"predictor": _predictor(spec, cluster)},
    }
    manifest["metadata"]["annotations"][APPLIED] = compact(manifest["spec"])
    return manifest


def restored(manifest: Manifest, applied: str) -> Manifest:
    """The manifest with what is on record to have been applied, so that newer settings do not change an old cup.

    A record that names another image or gives more rights was changed as well, and is not believed.
    """
    try:
        spec = json.loads(applied)
        annotations = {**manifest["metadata"]["annotations"], APPLIED: applied}
        former: Manifest = {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}, "spec": spec}
        same = _image(former) == _image(manifest) and not breaches(former)
    except (ValueError, TypeError, KeyError, AttributeError):
        return manifest
    return former if same else manifest


def _image(manifest: Manifest) -> str:
    return digest_in(str(manifest["spec"]["predictor"]["model"]["storageUri"]))


def serving_runtime(runtime: RuntimeDefinition, cluster: Cluster) -> Manifest:
    """The ServingRuntime of a catalogue entry: the portal's own model server in that runtime's image.

    The format's name is the catalogue's, which no stock runtime claims, so KServe can never choose another one.
    """
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {
            "name": runtime_object_name(cluster, runtime.name),
            "namespace": cluster.namespace,
            "labels": cluster.owned(),
        },
        "spec": {
            "supportedModelFormats": [{"name": runtime.model_format, "autoSelect": False}],
            "protocolVersions": ["v1", "v2"],
            "multiModel": False,
            "containers": [
                {
                    "name": CONTAINER,
                    "image": cluster.runtime_images[runtime.name],
                    "args": [f"--port={PORT}", "--models-dir=/mnt/models", f"--adapter={SERVER_DIR}/{runtime.adapter}"],
                    "ports": [{"name": "http1", "containerPort": PORT, "protocol": "TCP"}],
                    "securityContext": _container_security(),
                }
            ],
        },
    }


def storage_uri(spec: CupSpec, cluster: Cluster) -> str:
    """Where the cup's image is, by digest."""
    repository = cluster.trial_repository if spec.trial else cluster.image_repository
    return f"{cluster.storage_scheme}://{repository}@{spec.image_digest}"


def digest_in(uri: str) -> str:
    """The digest at the end of a storage address; "" without one."""
    _, separator, digest = uri.rpartition("@")
    return digest if separator else ""


def fingerprint(spec: CupSpec) -> str:
    """What tells a cup from another one of the same name."""
    return hashlib.sha256(compact(asdict(spec)).encode()).hexdigest()


def compact(value: Mapping[str, Any]) -> str:
    """JSON that is the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def cpu_quantity(millis: int) -> str:
    """Processor time in the form that Kubernetes itself writes, so that what comes back can be compared."""
    return f"{millis}m" if millis % 1000 else str(millis // 1000)


def byte_quantity(count: int) -> str:
    """Bytes in the form that Kubernetes itself writes."""
    for suffix in ("Gi", "Mi", "Ki"):
        unit = {"Gi": 1 << 30, "Mi": _MIB, "Ki": 1 << 10}[suffix]
        if count and count % unit == 0:
            return f"{count // unit}{suffix}"
    return str(count)


def _predictor(spec: CupSpec, cluster: Cluster) -> Manifest:
    runtime = cluster.runtime(spec.runtime)
    if runtime is None:
        raise KeyError(spec.runtime)
    predictor: Manifest = {
        "minReplicas": 1,
        "maxReplicas": 1,
        "deploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "serviceAccountName": cluster.service_account,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": SCRATCH}}],
        "model": _model(spec, runtime, cluster),
    }
    if cluster.image_pull_secrets:
        predictor["imagePullSecrets"] = [{"name": name} for name in cluster.image_pull_secrets]
    if cluster.runtime_class:
        predictor["runtimeClassName"] = cluster.runtime_class
    if cluster.priority_class:
        predictor["priorityClassName"] = cluster.priority_class
    return predictor


def _model(spec: CupSpec, runtime: RuntimeDefinition, cluster: Cluster) -> Manifest:
    ready = {"path": f"/v2/models/{spec.model_name}/ready", "port": PORT, "scheme": "HTTP"}
    return {
        "modelFormat": {"name": runtime.model_format},
        "runtime": runtime_object_name(cluster, spec.runtime),
        "protocolVersion": "v2",
        "storageUri": storage_uri(spec, cluster),
        "args": [
            f"--model-name={spec.model_name}",
            f"--version={spec.version}",
            f"--threads={max(1, spec.cpu_millis // 1000)}",
        ],
        "env": [{"name": "HOME", "value": "/tmp"}, {"name": "TMPDIR", "value": "/tmp"}],  # noqa: S108  # the pod's own
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],  # noqa: S108  # the pod's own
        "resources": _resources(spec, cluster),
        "securityContext": _container_security(),
        # A failing model's last words are all that KServe passes on about it.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "startupProbe": {
            "httpGet": ready,
            "periodSeconds": START_PERIOD,
            "timeoutSeconds": 2,
            "failureThreshold": max(1, int(cluster.start_timeout) // START_PERIOD),
        },
        "readinessProbe": {"httpGet": ready, "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 2},
        "livenessProbe": {
            "httpGet": {**ready, "path": "/v2/health/live"},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
        },
    }


def _resources(spec: CupSpec, cluster: Cluster) -> Manifest:
    """As much as was asked for, no less and no more, so that a neighbour is never short of what it was promised."""
    disk = _SPARE_BYTES
    if cluster.storage_scheme == "oci+fetch":  # the model is unpacked into the pod's own disk
        disk += -(-sum(file.size for file in spec.files) // _MIB) * _MIB
    amounts = {
        "cpu": cpu_quantity(spec.cpu_millis),
        "memory": byte_quantity(spec.memory_bytes),
        "ephemeral-storage": byte_quantity(disk),
    }
    return {"requests": dict(amounts), "limits": dict(amounts)}


def _container_security() -> Manifest:
    return {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }
