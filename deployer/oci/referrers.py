"""What is said about an image, as manifests that name it their subject (image-spec manifest.md, "artifact"), pure.

A signature in cosign's older form names no subject: it is an image of its own, found by its tag.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.interfaces import Attachment, BuiltImage
from deployer.oci.manifest import CONFIG_TYPE, MANIFEST_TYPE, TITLE, canonical, digest_of

EMPTY_CONFIG = b"{}"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
_NEVER = "0001-01-01T00:00:00Z"  # as cosign writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An attachment as its manifest describes it: the bytes are the blob of this digest."""

    artifact_type: str
    title: str
    digest: str
    annotations: Mapping[str, str] = field(default_factory=dict)
    signature: str = ""

    def with_data(self, data: bytes) -> Attachment:
        """The attachment, whose bytes these are."""
        return Attachment(
            artifact_type=self.artifact_type,
            title=self.title,
            data=data,
            annotations=self.annotations,
            signature=self.signature,
        )


def referrer_manifest(image: BuiltImage, attachment: Attachment) -> bytes:
    """The manifest of an attachment: no time, no host, so that repeating it makes no second one."""
    described: dict[str, Any] = {"annotations": dict(attachment.annotations)} if attachment.annotations else {}
    return canonical(
        {
            "artifactType": attachment.artifact_type,
            "config": {"digest": digest_of(EMPTY_CONFIG), "mediaType": EMPTY_TYPE, "size": len(EMPTY_CONFIG)},
            "layers": [_layer(attachment, {TITLE: attachment.title})],
            "mediaType": MANIFEST_TYPE,
            "schemaVersion": 2,
            "subject": {"digest": image.digest, "mediaType": MANIFEST_TYPE, "size": len(image.manifest)},
            **described,
        }
    )


def signature_config(attachment: Attachment) -> bytes:
    """The config of a signature's manifest: an image's, with the payload as its only layer."""
    return canonical(
        {
            "architecture": "",
            "config": {},
            "created": _NEVER,
            "history": [{"created": _NEVER}],
            "os": "",
            "rootfs": {"diff_ids": [digest_of(attachment.data)], "type": "layers"},
        }
    )


def signature_manifest(attachment: Attachment) -> bytes:
    """The manifest of a signature in cosign's older form: the payload is a layer, the signature its annotation."""
    config = signature_config(attachment)
    return canonical(
        {
            "config": {"digest": digest_of(config), "mediaType": CONFIG_TYPE, "size": len(config)},
            "layers": [_layer(attachment, {SIGNATURE: attachment.signature, TITLE: attachment.title})],
            "mediaType": MANIFEST_TYPE,
            "schemaVersion": 2,
        }
    )


def _layer(attachment: Attachment, annotations: dict[str, str]) -> dict[str, Any]:
    return {
        "annotations": annotations,
        "digest": digest_of(attachment.data),
        "mediaType": attachment.artifact_type,
        "size": len(attachment.data),
    }


def attachment_in(manifest: bytes) -> Described | None:
    """What `referrer_manifest` described; None for a referrer of another shape, such as another tool's signature."""
    try:
        content = json.loads(manifest)
        (layer,) = content["layers"]
        title, kind, digest = layer["annotations"][TITLE], content["artifactType"], layer["digest"]
        annotations = dict(content.get("annotations", {}))
    except (ValueError, KeyError, TypeError):
        return None
    if not all(isinstance(value, str) for value in (title, kind, digest, *annotations.values())):
        return None
    return Described(artifact_type=kind, title=title, digest=digest, annotations=annotations)


def signature_in(manifest: bytes) -> Described | None:
    """What `signature_manifest` described; None for another tool's."""
    try:
        (layer,) = json.loads(manifest)["layers"]
        kind, digest, annotations = layer["mediaType"], layer["digest"], layer["annotations"]
        title, signature = annotations[TITLE], annotations[SIGNATURE]
    except (ValueError, KeyError, TypeError):
        return None
    if not all(isinstance(value, str) for value in (title, kind, digest, signature)):
        return None
    return Described(artifact_type=kind, title=title, digest=digest, signature=signature)
