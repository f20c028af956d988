"""Schemas of Kubernetes' own kinds, read from the models of the official client."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kubernetes import client

from tests.stubs.kube_api.schema import ANYTHING, Schema

# Lists that merge by a key or as a set when applied; the client's models do not carry this.
KEYS: Mapping[tuple[str, str], list[str]] = {
    ("V1PodSpec", "containers"): ["name"],
    ("V1PodSpec", "initContainers"): ["name"],
    ("V1PodSpec", "volumes"): ["name"],
    ("V1PodSpec", "imagePullSecrets"): ["name"],
    ("V1Container", "env"): ["name"],
    ("V1Container", "ports"): ["containerPort", "protocol"],
    ("V1Container", "volumeMounts"): ["mountPath"],
    ("V1ServiceSpec", "ports"): ["port", "protocol"],
    ("V1PodStatus", "conditions"): ["type"],
    ("V1DeploymentStatus", "conditions"): ["type"],
    ("V1ReplicaSetStatus", "conditions"): ["type"],
    ("V1ObjectMeta", "ownerReferences"): ["uid"],
}
SETS = {("V1ObjectMeta", "finalizers")}
ATOMIC = {"V1LabelSelector", "V1ObjectReference", "V1LocalObjectReference", "V1SecretKeySelector", "V1RoleRef"}
DEFAULTS: Mapping[tuple[str, str], Any] = {
    ("V1ContainerPort", "protocol"): "TCP",
    ("V1ServicePort", "protocol"): "TCP",
    ("V1NamespaceSpec", "finalizers"): ["kubernetes"],
    ("V1DeploymentSpec", "replicas"): 1,
    ("V1DeploymentSpec", "revisionHistoryLimit"): 10,
    ("V1DeploymentSpec", "progressDeadlineSeconds"): 600,
    ("V1ReplicaSetSpec", "replicas"): 1,
    ("V1PodSpec", "restartPolicy"): "Always",
}
PLAIN: Mapping[str, Schema] = {
    "str": {"type": "string"},
    "bytes": {"type": "string"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "float": {"type": "number"},
    "datetime": {"type": "string", "format": "date-time"},
    "object": ANYTHING,
}
_known: dict[str, dict[str, Any]] = {}


def schema_of(model: str) -> Schema:
    """The structural schema of a model of the client, such as `V1Deployment`; shared between all that hold it."""
    if model in _known:
        return _known[model]
    made = _known[model] = {"type": "object", "properties": {}}  # first, as some models hold themselves
    if model in ATOMIC:
        made["x-kubernetes-map-type"] = "atomic"
    found = getattr(client, model)
    properties: dict[str, Any] = made["properties"]
    for name, text in found.openapi_types.items():
        wire = found.attribute_map[name]
        properties[wire] = _with_list_type(model, wire, _schema_of_type(text))
    fields = found.model_fields.items()
    required = [field.serialization_alias or name for name, field in fields if field.is_required()]
    if required:
        made["required"] = required
    return made


def _with_list_type(model: str, name: str, schema: Schema) -> Schema:
    more: dict[str, Any] = {}
    if (model, name) in KEYS:
        more = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": KEYS[model, name]}
    elif (model, name) in SETS:
        more = {"x-kubernetes-list-type": "set"}
    if (model, name) in DEFAULTS:
        more["default"] = DEFAULTS[model, name]
    return {**schema, **more} if more else schema


def _schema_of_type(text: str) -> Schema:
    if text in PLAIN:
        return PLAIN[text]
    if listed := re.fullmatch(r"[Ll]ist\[(.+)\]", text):
        return {"type": "array", "items": _schema_of_type(listed[1])}
    if mapped := re.fullmatch(r"[Dd]ict\[str, (.+)\]", text):
        return {"type": "object", "additionalProperties": _schema_of_type(mapped[1])}
    return schema_of(text)
