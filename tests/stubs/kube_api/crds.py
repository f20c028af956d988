"""The custom resources' schemas: from the folder that KSERVE_CRDS names, else from the pinned extract.

`python -m tests.stubs.kube_api.crds FOLDER` renews the extract from the CRDs of KServe and of the Gateway API.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PINNED = Path(__file__).parents[2] / "data" / "kserve" / "crds.json"
KINDS = ("InferenceService", "ServingRuntime", "HTTPRoute", "Gateway")
# Prose, and rules in a language (CEL) that the stand-in does not evaluate.
LEFT_OUT = {"description", "externalDocs", "x-kubernetes-validations"}
WORTH_SHARING = 60  # characters


def definitions(folder: str | Path | None = None) -> tuple[Mapping[str, Any], ...]:
    """CRDs as `{group, version, plural, kind, shortNames, status, schema}` for each kind that the portal uses."""
    chosen = str(folder or os.environ.get("KSERVE_CRDS", ""))
    return _from_folder(chosen) if chosen else _pinned()


@cache
def _from_folder(folder: str) -> tuple[Mapping[str, Any], ...]:
    found = {crd["kind"]: crd for crd in read(Path(folder))}
    missing = [kind for kind in KINDS if kind not in found]
    if missing:
        raise FileNotFoundError(f"KSERVE_CRDS={folder} has no CustomResourceDefinition of {', '.join(missing)}")
    return tuple(found[kind] for kind in KINDS)


@cache
def _pinned() -> tuple[Mapping[str, Any], ...]:
    document = json.loads(PINNED.read_text())
    return tuple(_expanded(crd, document["shared"], {}) for crd in document["crds"])


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """The definitions of a folder of YAML files, at their storage version, without prose."""
    for path in sorted(folder.glob("*.yaml")):
        crd = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        spec = crd["spec"]
        version = next(one for one in spec["versions"] if one["storage"])
        yield {
            "group": spec["group"], "version": version["name"], "plural": spec["names"]["plural"],
            "kind": spec["names"]["kind"], "shortNames": spec["names"].get("shortNames", []),
            "status": "status" in version.get("subresources", {}),
            "schema": _without_prose(version["schema"]["openAPIV3Schema"]),
        }  # fmt: skip


def _without_prose(node: Any, *, names: bool = False) -> Any:
    """`names`: the members are fields of objects, which may be called `description` themselves."""
    if isinstance(node, dict):
        return {
            key: _without_prose(value, names=key == "properties" and not names)
            for key, value in node.items()
            if names or key not in LEFT_OUT
        }
    return [_without_prose(item) for item in node] if isinstance(node, list) else node


def extract(folder: Path) -> dict[str, Any]:
    """The pinned document: equal parts of the schemas stand once, under `shared`, and are named by `$ref`."""
    shared: dict[str, Any] = {}

    def folded(node: Any) -> Any:
        if isinstance(node, list):
            return [folded(item) for item in node]
        if not isinstance(node, dict):
            return node
        members = {key: folded(value) for key, value in node.items()}
        text = json.dumps(members, sort_keys=True, separators=(",", ":"))
        if len(text) <= WORTH_SHARING:
            return members
        name = hashlib.sha256(text.encode()).hexdigest()[:10]
        shared[name] = members
        return {"$ref": name}

    crds = [{**crd, "schema": folded(crd["schema"])} for crd in read(folder) if crd["kind"] in KINDS]
    return {
        "about": "Schemas of KServe's and the Gateway API's CRDs (Apache-2.0, see LICENSE beside this file), changed: "
        "descriptions and CEL rules left out, equal parts written once.",
        "crds": sorted(crds, key=lambda crd: KINDS.index(crd["kind"])),
        "shared": dict(sorted(shared.items())),
    }


def _expanded(node: Any, shared: Mapping[str, Any], done: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_expanded(item, shared, done) for item in node]
    if not isinstance(node, dict):
        return node
    name = node.get("$ref")
    if not isinstance(name, str):
        return {key: _expanded(value, shared, done) for key, value in node.items()}
    if name not in done:
        done[name] = _expanded(shared[name], shared, done)
    return done[name]


if __name__ == "__main__":
    document = extract(Path(sys.argv[1]))
    lines = [f' "{name}": {json.dumps(part, separators=(",", ":"))}' for name, part in document["shared"].items()]
    head = json.dumps({"about": document["about"], "crds": document["crds"]}, indent=1)[:-2]
    PINNED.write_text(head + ',\n "shared": {\n' + ",\n".join(lines) + "\n }\n}\n")
