"""Every field that keeps a pod in its place, and what happens if one is missing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from deployer.serving.inference_service import inference_service
from deployer.serving.restrictions import breaches
from tests.deployer.kserve.worlds import cluster, spec

Manifest = dict[str, Any]
SCHEMES = ("oci+native", "oci+fetch", "oci")


def changed(path: str, value: object = None) -> Callable[[Manifest], None]:
    """Set a field of the predictor, or take it out."""

    def change(manifest: Manifest) -> None:
        *parents, last = path.split(".")
        part = manifest["spec"]["predictor"]
        for parent in parents:
            part = part.setdefault(parent, {})
        part.pop(last, None)
        if value is not None:
            part[last] = value

    return change


def annotated(name: str, value: str) -> Callable[[Manifest], None]:
    return lambda manifest: manifest["metadata"]["annotations"].update({f"serving.kserve.io/{name}": value})


CONTAINER = "model.securityContext"
MUTATIONS: dict[str, Callable[[Manifest], None]] = {
    "token": changed("automountServiceAccountToken"),
    "account": changed("serviceAccountName", "default"),
    "service_links": changed("enableServiceLinks", value=True),
    "host_network": changed("hostNetwork", value=True),
    "host_pid": changed("hostPID", value=True),
    "host_ipc": changed("hostIPC", value=True),
    "process_namespace": changed("shareProcessNamespace", value=True),
    "sidecar": changed("containers", [{"name": "other", "image": "x"}]),
    "pod_non_root": changed("securityContext.runAsNonRoot"),
    "root": changed("securityContext.runAsUser", 0),
    "root_group": changed("securityContext.runAsGroup", 0),
    "root_files": changed("securityContext.fsGroup", 0),
    "seccomp": changed("securityContext.seccompProfile", {"type": "Unconfined"}),
    "host_path": changed("volumes", [{"name": "all", "hostPath": {"path": "/"}}]),
    "boundless_scratch": changed("volumes", [{"name": "scratch", "emptyDir": {}}]),
    "secret": changed("volumes", [{"name": "s", "secret": {"secretName": "s"}}]),
    "replicas": changed("maxReplicas", 9),
    "tag": changed("model.storageUri", "oci+native://registry.example/models/approved:latest"),
    "no_runtime": changed("model.runtime"),
    "command": changed("model.command", ["sh"]),
    "own_image": changed("model.image", "registry.example/other"),
    "escalation": changed(f"{CONTAINER}.allowPrivilegeEscalation", value=True),
    "privileged": changed(f"{CONTAINER}.privileged", value=True),
    "writable_root": changed(f"{CONTAINER}.readOnlyRootFilesystem"),
    "non_root": changed(f"{CONTAINER}.runAsNonRoot"),
    "capabilities": changed(f"{CONTAINER}.capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    "requests": changed("model.resources.requests.memory"),
    "limits": changed("model.resources.limits.ephemeral-storage"),
    "readiness": changed("model.readinessProbe", {"tcpSocket": {"port": 8080}}),
    "last_words": changed("model.terminationMessagePolicy", "File"),
    "env_from_secret": changed("model.env", [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]),
    "mode": annotated("deploymentMode", "Knative"),
    "autoscaler": annotated("autoscalerClass", "hpa"),
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_the_portal_writes_breaks_no_rule(scheme: str) -> None:
    assert breaches(inference_service(spec(), cluster(storage_scheme=scheme))) == []


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_missing_restriction_is_noticed(mutation: str) -> None:
    manifest = copy.deepcopy(inference_service(spec(), cluster()))

    MUTATIONS[mutation](manifest)

    assert len(breaches(manifest)) == 1
