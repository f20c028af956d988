"""What is published beside an approved image: its card, its bill of materials and how it came to be.

The bytes depend on the build's rows and the signing key alone, so a step that is repeated publishes nothing new.
"""

from __future__ import annotations

import base64
import uuid
from typing import Any

from deployer.interfaces import Attachment, BuiltImage
from deployer.models import ImageBuild
from deployer.oci.manifest import canonical
from deployer.oci.reference import digest_hex
from deployer.runtimes.catalogue import PortalRuntimeCatalogue
from deployer.signatures import BUNDLE_TYPE, SIMPLE_TYPE, Signer, image_statement, simple_payload
from registry.interfaces import TensorInfo
from registry.introspection import introspection_from_json
from registry.models import ModelVersion

CARD_TYPE = "text/markdown"
BOM_TYPE = "application/vnd.cyclonedx+json"
PROVENANCE_TITLE = "provenance.sigstore.json"
BUILD_TYPE = "urn:model-commons:build:weights:v1"


def attachments_of(
    build: ImageBuild, image: BuiltImage, *, builder_id: str, signer: Signer, repository: str = ""
) -> tuple[Attachment, ...]:
    """Card, ML-BOM (CycloneDX 1.6), signed provenance (in-toto statement, SLSA 1.0) and the image's signature.

    `builder_id` is a URI; `repository` is the host and repository under which clusters pull the image, "" for none.
    """
    version = build.version
    name = repository or str(version.registered_model)
    found = [
        Attachment(artifact_type=BOM_TYPE, title="bom.cdx.json", data=canonical(bill_of_materials(version, image))),
        _signed(PROVENANCE_TITLE, provenance(build, image, builder_id=builder_id), signer),
        _signed("signature.sigstore.json", image_statement(name, image.digest), signer),
    ]
    if repository:
        found.append(simple_signature(image, repository=repository, signer=signer))
    if version.card_source:
        found.append(Attachment(artifact_type=CARD_TYPE, title="README.md", data=version.card_source.encode()))
    return tuple(found)


def simple_signature(image: BuiltImage, *, repository: str, signer: Signer) -> Attachment:
    """The image's signature in cosign's older form; `repository` is host and repository."""
    payload = simple_payload(repository, image.digest)
    signature = base64.b64encode(signer.sign(payload)).decode("ascii")
    return Attachment(artifact_type=SIMPLE_TYPE, title="signature.json", data=payload, signature=signature)


def _signed(title: str, statement: dict[str, Any], signer: Signer) -> Attachment:
    """As cosign keeps it beside an image (its BUNDLE_SPEC.md)."""
    annotations = {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": str(statement["predicateType"]),
    }
    return Attachment(artifact_type=BUNDLE_TYPE, title=title, data=signer.bundle(statement), annotations=annotations)


def bill_of_materials(version: ModelVersion, image: BuiltImage) -> dict[str, Any]:
    """The model, its files and the framework that loads it, as a CycloneDX machine-learning bill of materials."""
    model = version.registered_model
    parts = [*_files(image), *_framework(version)]
    described: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": image.digest,
        "group": model.owner.username,
        "name": model.name,
        "version": version.label,
        "hashes": [{"alg": "SHA-256", "content": digest_hex(image.digest)}],
        "modelCard": {"modelParameters": _parameters(version)},
    }
    if model.summary:
        described["description"] = model.summary
    if version.licence:
        described["licenses"] = [{"expression": version.licence}]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, image.digest)}",
        "version": 1,
        "metadata": {"component": described},
        "components": parts,
        "dependencies": [{"ref": image.digest, "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def provenance(build: ImageBuild, image: BuiltImage, *, builder_id: str) -> dict[str, Any]:
    """Who made the image from what, as SLSA's provenance says it; times are those of the build's row."""
    version = build.version
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": str(version.registered_model), "digest": {"sha256": digest_hex(image.digest)}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "model": str(version.registered_model),
                    "version": version.label,
                    "approvedContent": build.content_digest,
                    "approvedImage": build.approved_digest,
                },
                "resolvedDependencies": [
                    {"name": layer.path, "digest": {"sha256": layer.blob_sha256}} for layer in image.layers
                ],
            },
            "runDetails": {
                "builder": {"id": builder_id},
                "metadata": {
                    "invocationId": f"image_build:{build.pk}",
                    "startedOn": build.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
            },
        },
    }


def _parameters(version: ModelVersion) -> dict[str, Any]:
    told = introspection_from_json(version.introspection)
    found = {
        "task": version.registered_model.task,
        "architectureFamily": told.model_type,
        "modelArchitecture": version.model_format,
        "inputs": [_format(tensor) for tensor in told.inputs],
        "outputs": [_format(tensor) for tensor in told.outputs],
    }
    return {key: value for key, value in found.items() if value}


def _format(tensor: TensorInfo) -> dict[str, str]:
    return {"format": f"{tensor.name}: {tensor.datatype} {list(tensor.shape)}"}


def _files(image: BuiltImage) -> list[dict[str, Any]]:
    return [
        {
            "type": "file",
            "bom-ref": f"file:{layer.blob_sha256}:{layer.path}",
            "name": layer.path,
            "hashes": [{"alg": "SHA-256", "content": layer.blob_sha256}],
        }
        for layer in image.layers
    ]


def _framework(version: ModelVersion) -> list[dict[str, Any]]:
    runtime = PortalRuntimeCatalogue().for_format(version.model_format)
    if runtime is None:
        return []
    name, number = runtime.framework, runtime.framework_version
    return [{"type": "framework", "bom-ref": f"framework:{name}@{number}", "name": name, "version": number}]
