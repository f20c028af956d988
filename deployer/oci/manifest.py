"""The image's JSON: config and manifest as exact bytes (image-spec config.md, manifest.md), pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from deployer.errors import BuildError
from deployer.interfaces import BuiltImage, ImageSpec, LayerRecipe
from deployer.oci.layers import MODELS

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
TITLE = "org.opencontainers.image.title"

_EPOCH = "1970-01-01T00:00:00Z"
# Model files run on any architecture, but the config must name one, and an index of several would only repeat the same
# layers: amd64 is what the published runtimes are built for, and a fixed value keeps the digest the same everywhere.
_ARCHITECTURE = "amd64"


def digest_of(data: bytes) -> str:
    """`sha256:<hex>` of the bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def assemble(spec: ImageSpec, layers: Sequence[LayerRecipe]) -> BuiltImage:
    """The image of these layers, which lie in manifest order; `spec` gives the labels."""
    config = image_config(labels=spec.labels, layers=layers)
    manifest = image_manifest(config=config, layers=layers)
    return BuiltImage(digest=digest_of(manifest), manifest=manifest, config=config, layers=tuple(layers))


def image_config(*, labels: Mapping[str, str], layers: Sequence[LayerRecipe]) -> bytes:
    """A config that runtimes and kubelets accept: platform, root filesystem, labels; no entry point, nothing to run."""
    for key, value in labels.items():
        if not key or not (key + value).isprintable():
            raise BuildError("build.bad_label", label=key)
    return canonical(
        {
            "architecture": _ARCHITECTURE,
            "config": {"Labels": dict(labels)} if labels else {},
            "created": _EPOCH,
            "history": [{"created": _EPOCH, "created_by": f"add /{MODELS}/{layer.path}"} for layer in layers],
            "os": "linux",
            # Layers are stored uncompressed, so each one's diff id is its own digest.
            "rootfs": {"diff_ids": [layer.digest for layer in layers], "type": "layers"},
        }
    )


def image_manifest(*, config: bytes, layers: Sequence[LayerRecipe]) -> bytes:
    """The manifest that names config and layers; its digest is the image's digest."""
    return canonical(
        {
            "config": {"digest": digest_of(config), "mediaType": CONFIG_TYPE, "size": len(config)},
            "layers": [
                {
                    "annotations": {TITLE: f"{MODELS}/{layer.path}"},
                    "digest": layer.digest,
                    "mediaType": LAYER_TYPE,
                    "size": layer.size,
                }
                for layer in layers
            ],
            "mediaType": MANIFEST_TYPE,
            "schemaVersion": 2,
        }
    )


def canonical(value: object) -> bytes:
    """Compact JSON with sorted keys: one value, one byte string."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
