"""The kinds that the stand-in serves, and how it tells of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.stubs.kube_api.builtin import schema_of
from tests.stubs.kube_api.schema import Schema
from tests.stubs.kube_api.statuses import Object

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
# (group, version, plural, kind, model of the client, namespaced, has /status)
BUILTIN = (
    ("", "v1", "namespaces", "Namespace", "V1Namespace", False, True),
    ("", "v1", "pods", "Pod", "V1Pod", True, True),
    ("", "v1", "events", "Event", "CoreV1Event", True, False),
    ("", "v1", "services", "Service", "V1Service", True, True),
    ("", "v1", "configmaps", "ConfigMap", "V1ConfigMap", True, False),
    ("", "v1", "secrets", "Secret", "V1Secret", True, False),
    ("", "v1", "serviceaccounts", "ServiceAccount", "V1ServiceAccount", True, False),
    ("", "v1", "resourcequotas", "ResourceQuota", "V1ResourceQuota", True, True),
    ("", "v1", "limitranges", "LimitRange", "V1LimitRange", True, False),
    ("apps", "v1", "deployments", "Deployment", "V1Deployment", True, True),
    ("apps", "v1", "replicasets", "ReplicaSet", "V1ReplicaSet", True, True),
    ("coordination.k8s.io", "v1", "leases", "Lease", "V1Lease", True, False),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "V1NetworkPolicy", True, False),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", "V1Role", True, False),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "V1RoleBinding", True, False),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "V1ClusterRole", False, False),
    (
        "rbac.authorization.k8s.io",
        "v1",
        "clusterrolebindings",
        "ClusterRoleBinding",
        "V1ClusterRoleBinding",
        False,
        False,
    ),
)
SHORT_NAMES = {
    "namespaces": ["ns"], "pods": ["po"], "events": ["ev"], "services": ["svc"], "configmaps": ["cm"],
    "serviceaccounts": ["sa"], "resourcequotas": ["quota"], "limitranges": ["limits"], "deployments": ["deploy"],
    "replicasets": ["rs"], "networkpolicies": ["netpol"],
}  # fmt: skip


@dataclass(frozen=True)
class Resource:
    """One kind of object."""

    group: str
    version: str
    plural: str
    kind: str
    schema: Schema
    namespaced: bool = True
    has_status: bool = False
    short_names: Sequence[str] = ()
    custom: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def told(self) -> Object:
        short = {"shortNames": list(self.short_names)} if self.short_names else {}
        return {
            "name": self.plural, "singularName": self.kind.lower(), "namespaced": self.namespaced, "kind": self.kind,
            "verbs": VERBS, **short,
        }  # fmt: skip


Key = tuple[str, str]
"""(group, plural)."""


def catalogue(crds: Sequence[Mapping[str, Any]]) -> dict[Key, Resource]:
    found = [
        Resource(group, version, plural, kind, schema_of(model), namespaced, has_status, SHORT_NAMES.get(plural, ()))
        for group, version, plural, kind, model, namespaced, has_status in BUILTIN
    ]
    found += [
        Resource(
            crd["group"], crd["version"], crd["plural"], crd["kind"], _rooted(crd["schema"]),
            has_status=crd["status"], short_names=crd["shortNames"], custom=True,
        )
        for crd in crds
    ]  # fmt: skip
    return {(resource.group, resource.plural): resource for resource in found}


def _rooted(schema: Schema) -> Schema:
    """A CRD's schema with the members that the server adds to every kind."""
    text = {"type": "string"}
    root = {"apiVersion": text, "kind": text, "metadata": schema_of("V1ObjectMeta")}
    return {**schema, "properties": {**schema["properties"], **root}}


@dataclass(frozen=True)
class Target:
    """What a path stands for."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


_PATH = re.compile(
    r"^/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]+(?:/|$)))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<subresource>status|log|token))?$"
)
_NAMESPACE_STATUS = re.compile(r"^/api/v1/namespaces/(?P<name>[^/]+)/status$")


def target(path: str, known: Mapping[Key, Resource]) -> Target | None:
    """What the path names; None if the server has no such resource."""
    if found := _NAMESPACE_STATUS.match(path):
        return Target(known["", "namespaces"], "", found["name"], "status")
    found = _PATH.match(path)
    resource = known.get((found["group"] or "", found["plural"])) if found else None
    if not found or resource is None or resource.version != (found["core"] or found["version"]):
        return None
    namespace, name, subresource = (found[part] or "" for part in ("namespace", "name", "subresource"))
    misplaced = (namespace and not resource.namespaced) or (name and resource.namespaced and not namespace)
    has = {
        "": True, "status": resource.has_status, "log": resource.plural == "pods",
        "token": resource.plural == "serviceaccounts",
    }  # fmt: skip
    return None if misplaced or not has[subresource] else Target(resource, namespace, name, subresource)


def discovery(path: str, known: Mapping[Key, Resource]) -> Object | None:
    """The documents that tell which kinds there are; None if the path is another's."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        groups = [_group(name, known) for name in dict.fromkeys(one.group for one in known.values()) if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    parts = path.strip("/").split("/")
    if parts[0] == "apis" and len(parts) == 2:
        found = any(resource.group == parts[1] for resource in known.values())
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(parts[1], known)} if found else None
    if parts == ["api", "v1"] or (parts[0] == "apis" and len(parts) == 3):
        group, version = ("", "v1") if parts[0] == "api" else (parts[1], parts[2])
        resources = [one for one in known.values() if (one.group, one.version) == (group, version)]
        if not resources:
            return None
        told = [entry for one in resources for entry in _with_status(one)]
        name = f"{group}/{version}" if group else version
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": told}
    return None


def _with_status(resource: Resource) -> list[Object]:
    entries = [resource.told()]
    if resource.has_status:
        status = {
            **entries[0],
            "name": f"{resource.plural}/status",
            "singularName": "",
            "verbs": ["get", "patch", "update"],
        }
        status.pop("shortNames", None)
        entries.append(status)
    if resource.plural == "serviceaccounts":
        token = {"name": "serviceaccounts/token", "singularName": "", "namespaced": True, "kind": "TokenRequest"}
        entries.append({**token, "verbs": ["create"]})
    if resource.plural == "pods":
        entries.append({"name": "pods/log", "singularName": "", "namespaced": True, "kind": "Pod", "verbs": ["get"]})
    return entries


def _group(group: str, known: Mapping[Key, Resource]) -> Object:
    versions = sorted({one.version for one in known.values() if one.group == group}, reverse=True)
    told = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": told, "preferredVersion": told[0]}
