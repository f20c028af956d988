"""An OCI image layout as another program would read it: every digest is taken anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LayoutImage:
    """One image of a layout; `layers` are (digest, size in bytes) in the manifest's order."""

    ref_name: str
    digest: str
    manifest: bytes
    config: bytes
    layers: tuple[tuple[str, int], ...]


def read_layout(root: Path) -> list[LayoutImage]:
    assert json.loads((root / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    return [_image(root, descriptor) for descriptor in json.loads((root / "index.json").read_bytes())["manifests"]]


def _image(root: Path, descriptor: Mapping[str, Any]) -> LayoutImage:
    manifest = _blob(root, descriptor)
    content = json.loads(manifest)
    for layer in content["layers"]:
        _blob(root, layer)
    return LayoutImage(
        ref_name=descriptor["annotations"]["org.opencontainers.image.ref.name"],
        digest=descriptor["digest"],
        manifest=manifest,
        config=_blob(root, content["config"]),
        layers=tuple((layer["digest"], layer["size"]) for layer in content["layers"]),
    )


def _blob(root: Path, descriptor: Mapping[str, Any]) -> bytes:
    data: bytes = (root / "blobs" / "sha256" / descriptor["digest"].removeprefix("sha256:")).read_bytes()
    assert (f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)) == (descriptor["digest"], descriptor["size"])
    return data
