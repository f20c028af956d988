"""What KServe in Standard mode and the Deployment controller create for an InferenceService."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from tests.stubs.kube_api.logs import ANNOTATION

Object = dict[str, Any]
SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
NOBODY = "played"  # no scheduler has this name, so no node ever runs what is played
INITIALIZER = "kserve/storage-initializer:v0.21.0"


def names_of(service: Object, namespace: str, now: str, server_image: str) -> dict[str, str]:
    """What the recorded statuses are filled in with."""
    model = service["spec"]["predictor"].get("model") or {}
    uri = str(model.get("storageUri", ""))
    name = str(service["metadata"]["name"])
    pod = pod_name(name, uri)
    quota = (
        f'pods "{pod}" is forbidden: exceeded quota: models, requested: limits.memory=1Gi, used: limits.memory=4Gi, '
        "limited: limits.memory=4Gi"
    )
    return {
        "name": name, "namespace": namespace, "now": now, "image": uri.partition("://")[2], "pod": pod,
        "runtime": str(model.get("runtime", "")), "format": str((model.get("modelFormat") or {}).get("name", "")),
        "replicaset": replica_set_name(name, uri), "quota_message": quota, "server_image": server_image,
    }  # fmt: skip


def former(uri: str) -> str:
    """Another image than the wanted one, brought the same way."""
    return f"{uri.partition('://')[0]}://registry.example/former@sha256:{'0' * 64}"


def replica_set_name(name: str, uri: str) -> str:
    return f"{name}-predictor-{_hash(uri, 10)}"


def pod_name(name: str, uri: str) -> str:
    return f"{replica_set_name(name, uri)}-{_hash(name + uri, 5)}"


def labels_of(name: str) -> dict[str, str]:
    return {
        "app": f"isvc.{name}-predictor", "component": "predictor", "serving.kserve.io/inferenceservice": name,
    }  # fmt: skip


def owner(kind: str, version: str, obj: Object) -> list[Object]:
    metadata = obj["metadata"]
    return [
        {
            "apiVersion": version, "kind": kind, "name": metadata["name"], "uid": metadata["uid"], "controller": True,
            "blockOwnerDeletion": True,
        }
    ]  # fmt: skip


def template(service: Object, uri: str, server_image: str) -> Object:
    """The pods' template, with the model's image as a volume, or fetched by KServe where the address says so."""
    name = service["metadata"]["name"]
    scheme, _, reference = uri.partition("://")
    model = service["spec"]["predictor"].get("model") or {}
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    mount: Object = {"name": "model", "mountPath": "/mnt/models"}
    container: Object = {
        "name": "kserve-container", "image": server_image, "args": list(model.get("args", [])),
        "volumeMounts": [{**mount, "readOnly": True}], "securityContext": safe,
    }  # fmt: skip
    spec: Object = {
        "containers": [container], "volumes": [{"name": "model", "emptyDir": {}}],
        "automountServiceAccountToken": False, "schedulerName": NOBODY,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
    }  # fmt: skip
    if scheme == "oci+native":
        spec["volumes"][0] = {"name": "model", "image": {"reference": reference, "pullPolicy": "IfNotPresent"}}
        container["volumeMounts"][0]["subPath"] = "models"
    else:
        fetch = {"name": "storage-initializer", "image": INITIALIZER, "args": [uri, "/mnt/models"]}
        spec["initContainers"] = [{**fetch, "volumeMounts": [mount], "securityContext": safe}]
    account = service["spec"]["predictor"].get("serviceAccountName")
    if account:  # a server without controllers makes no account by itself
        spec["serviceAccountName"] = account
    return {"metadata": {"labels": labels_of(name), "annotations": {SOURCE: uri}}, "spec": spec}


def deployment(service: Object, uri: str, server_image: str) -> Object:
    name = service["metadata"]["name"]
    return {
        "metadata": {
            "name": f"{name}-predictor", "labels": labels_of(name),
            "ownerReferences": owner("InferenceService", "serving.kserve.io/v1beta1", service),
        },
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": f"isvc.{name}-predictor"}},
            "template": template(service, uri, server_image),
        },
    }  # fmt: skip


def replica_set(service: Object, owning: Object, uri: str, server_image: str) -> Object:
    name = service["metadata"]["name"]
    made = template(service, uri, server_image)
    made["metadata"]["labels"] = {**made["metadata"]["labels"], "pod-template-hash": _hash(uri, 10)}
    return {
        "metadata": {
            "name": replica_set_name(name, uri), "labels": made["metadata"]["labels"],
            "ownerReferences": owner("Deployment", "apps/v1", owning),
        },
        "spec": {"replicas": 1, "selector": {"matchLabels": made["metadata"]["labels"]}, "template": made},
    }  # fmt: skip


def pod(service: Object, owning: Object, uri: str, server_image: str, *, log: str) -> Object:
    name = service["metadata"]["name"]
    made = template(service, uri, server_image)
    annotations: Mapping[str, str] = {**made["metadata"]["annotations"], f"{ANNOTATION}kserve-container": log}
    return {
        "metadata": {
            "name": pod_name(name, uri), "labels": labels_of(name), "annotations": dict(annotations),
            "ownerReferences": owner("ReplicaSet", "apps/v1", owning),
        },
        "spec": made["spec"],
    }  # fmt: skip


def service_of(service: Object) -> Object:
    """The Kubernetes Service in front of the pods."""
    name = service["metadata"]["name"]
    return {
        "metadata": {
            "name": f"{name}-predictor", "labels": labels_of(name),
            "ownerReferences": owner("InferenceService", "serving.kserve.io/v1beta1", service),
        },
        "spec": {
            "selector": {"app": f"isvc.{name}-predictor"},
            "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
    }  # fmt: skip


def event(about: Object, kind: str, version: str, told: Mapping[str, str], now: str, *, number: int) -> Object:
    metadata = about["metadata"]
    return {
        "metadata": {"name": f"{metadata['name']}.{number:x}"},
        "involvedObject": {
            "kind": kind, "apiVersion": version, "name": metadata["name"], "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
        "type": told["type"], "reason": told["reason"], "message": told["message"], "count": 1,
        "firstTimestamp": now, "lastTimestamp": now, "source": {"component": "player"},
    }  # fmt: skip


def _hash(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
