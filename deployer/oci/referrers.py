"""What is said about an image, as manifests that name it their subject (image-spec manifest.md, "artifact"), pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from deployer.interfaces import Attachment, BuiltImage
from deployer.oci.manifest import MANIFEST_TYPE, TITLE, canonical, digest_of

EMPTY_CONFIG = b"{}"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An attachment as its manifest describes it: the bytes are the blob of this digest."""

    artifact_type: str
    title: str
    digest: str


def referrer_manifest(image: BuiltImage, attachment: Attachment) -> bytes:
    """The manifest of an attachment: no time, no host, so that repeating it makes no second one."""
    return canonical(
        {
            "artifactType": attachment.artifact_type,
            "config": {"digest": digest_of(EMPTY_CONFIG), "mediaType": EMPTY_TYPE, "size": len(EMPTY_CONFIG)},
            "layers": [
                {
                    "annotations": {TITLE: attachment.title},
                    "digest": digest_of(attachment.data),
                    "mediaType": attachment.artifact_type,
                    "size": len(attachment.data),
                }
            ],
            "mediaType": MANIFEST_TYPE,
            "schemaVersion": 2,
            "subject": {"digest": image.digest, "mediaType": MANIFEST_TYPE, "size": len(image.manifest)},
        }
    )


def attachment_in(manifest: bytes) -> Described | None:
    """What `referrer_manifest` described; None for a referrer of another shape, such as another tool's signature."""
    try:
        content = json.loads(manifest)
        (layer,) = content["layers"]
        title, kind, digest = layer["annotations"][TITLE], content["artifactType"], layer["digest"]
    except (ValueError, KeyError, TypeError):
        return None
    if not all(isinstance(value, str) for value in (title, kind, digest)):
        return None
    return Described(artifact_type=kind, title=title, digest=digest)
