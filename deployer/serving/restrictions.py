"""What every pod of a model must be kept from. A manifest that breaks a rule is never sent to the cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOWEST_USER = 10_000
_MODES = {"deploymentMode": "Standard", "autoscalerClass": "none"}
_MEANS = ("cpu", "memory", "ephemeral-storage")
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
Check = Callable[[Mapping[str, Any]], bool]


def breaches(manifest: Mapping[str, Any]) -> list[str]:
    """The names of the rules that an InferenceService breaks."""
    predictor: Mapping[str, Any] = manifest["spec"]["predictor"]
    return [
        *(f"metadata.annotations.{name}" for name in _wrong_modes(manifest)),
        *(f"predictor.{rule}" for rule, kept in _POD.items() if not kept(predictor)),
        *(f"predictor.model.{rule}" for rule, kept in _CONTAINER.items() if not kept(predictor.get("model") or {})),
    ]


def _wrong_modes(manifest: Mapping[str, Any]) -> Iterator[str]:
    annotations = manifest["metadata"].get("annotations") or {}
    for name, value in _MODES.items():
        if annotations.get(f"serving.kserve.io/{name}") != value:
            yield name


def _security(part: Mapping[str, Any]) -> Mapping[str, Any]:
    context: Mapping[str, Any] = part.get("securityContext") or {}
    return context


def _bounded_scratch(predictor: Mapping[str, Any]) -> bool:
    volumes = predictor.get("volumes") or []
    return all(set(volume) == {"name", "emptyDir"} and volume["emptyDir"].get("sizeLimit") for volume in volumes)


def _high_user(field: str) -> Check:
    return lambda predictor: int(_security(predictor).get(field, 0)) >= _LOWEST_USER


def _has_means(part: str) -> Check:
    return lambda model: all(((model.get("resources") or {}).get(part) or {}).get(name) for name in _MEANS)


def _absent(*names: str) -> Check:
    return lambda part: not any(part.get(name) for name in names)


_POD: Mapping[str, Check] = {
    "automountServiceAccountToken": lambda p: p.get("automountServiceAccountToken") is False,
    "serviceAccountName": lambda p: p.get("serviceAccountName") not in {None, "", "default"},
    "enableServiceLinks": lambda p: p.get("enableServiceLinks") is False,
    "host": _absent("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"),
    "containers": _absent("containers", "initContainers"),
    "runAsNonRoot": lambda p: _security(p).get("runAsNonRoot") is True,
    "runAsUser": _high_user("runAsUser"),
    "runAsGroup": _high_user("runAsGroup"),
    "fsGroup": _high_user("fsGroup"),
    "seccompProfile": lambda p: (_security(p).get("seccompProfile") or {}).get("type") == "RuntimeDefault",
    "volumes": _bounded_scratch,
    "replicas": lambda p: p.get("minReplicas") == p.get("maxReplicas") == 1,
}
_CONTAINER: Mapping[str, Check] = {
    "storageUri": lambda m: _DIGEST.fullmatch(str(m.get("storageUri", "")).rpartition("@")[2]) is not None,
    "runtime": lambda m: bool(m.get("runtime")),
    "command": _absent("command", "image", "lifecycle"),
    "allowPrivilegeEscalation": lambda m: _security(m).get("allowPrivilegeEscalation") is False,
    "privileged": lambda m: _security(m).get("privileged") is False,
    "readOnlyRootFilesystem": lambda m: _security(m).get("readOnlyRootFilesystem") is True,
    "runAsNonRoot": lambda m: _security(m).get("runAsNonRoot") is True,
    "capabilities": lambda m: (_security(m).get("capabilities") or {}) == {"drop": ["ALL"]},
    "requests": _has_means("requests"),
    "limits": _has_means("limits"),
    "probes": lambda m: all((m.get(name) or {}).get("httpGet") for name in _PROBES),
    "terminationMessagePolicy": lambda m: m.get("terminationMessagePolicy") == "FallbackToLogsOnError",
    "env": lambda m: all("value" in entry for entry in m.get("env") or ()),
}
