"""The manifests of `deploy/kubernetes` as a cluster gets them: what a kustomization names, in its namespace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.architecture import ROOT

Object = dict[str, Any]
KUBERNETES = ROOT / "deploy" / "kubernetes"
PLURALS = {
    "Namespace": "namespaces",
    "NetworkPolicy": "networkpolicies",
    "ResourceQuota": "resourcequotas",
    "LimitRange": "limitranges",
    "ServiceAccount": "serviceaccounts",
    "Role": "roles",
    "RoleBinding": "rolebindings",
}


def rendered(folder: Path, *, namespace: str = "") -> list[Object]:
    """The objects of a kustomization. Another `namespace` is put in place of its own, as an overlay does."""
    document = yaml.safe_load((folder / "kustomization.yaml").read_text())
    space = namespace or document["namespace"]
    return [_placed(obj, space) for obj in _objects(folder)]


def _objects(folder: Path) -> Iterator[Object]:
    document = yaml.safe_load((folder / "kustomization.yaml").read_text())
    pairs = {name: value for one in document.get("labels", []) for name, value in one["pairs"].items()}
    for name in document["resources"]:
        path = (folder / name).resolve()
        found = _objects(path) if path.is_dir() else filter(None, yaml.safe_load_all(path.read_text()))
        for obj in found:
            labels = {**obj["metadata"].get("labels", {}), **pairs}
            yield {**obj, "metadata": {**obj["metadata"], **({"labels": labels} if labels else {})}}


def _placed(obj: Object, namespace: str) -> Object:
    if obj["kind"] == "Namespace":
        return {**obj, "metadata": {**obj["metadata"], "name": namespace}}
    return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}


def rights(objects: list[Object]) -> set[tuple[str, str, str]]:
    """(API group, resource, verb) of every right that a Role among them grants."""
    rules = [rule for obj in objects if obj["kind"] == "Role" for rule in obj["rules"]]
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
