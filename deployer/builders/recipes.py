"""Layer recipes and attachments as JSON: what builders keep beside manifests, instead of layers."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from deployer.interfaces import Attachment, BuiltImage, LayerRecipe

RECIPES_TYPE = "application/vnd.model-commons.recipes.v1+json"


def recipe_key(path: str, blob_sha256: str) -> str:
    """A name for the recipe of this file at this path: hex SHA-256, as paths make poor file names."""
    return hashlib.sha256(f"{blob_sha256}\0{path}".encode()).hexdigest()


def to_json(recipe: LayerRecipe) -> dict[str, Any]:
    """The recipe as plain JSON values."""
    return {
        "path": recipe.path,
        "blob_sha256": recipe.blob_sha256,
        "blob_size": recipe.blob_size,
        "header": base64.b64encode(recipe.header).decode("ascii"),
        "padding": recipe.padding,
        "digest": recipe.digest,
        "size": recipe.size,
    }


def from_json(value: Any) -> LayerRecipe:
    """The recipe back; `ValueError` for anything that `to_json` did not write."""
    try:
        recipe = LayerRecipe(
            path=value["path"],
            blob_sha256=value["blob_sha256"],
            blob_size=value["blob_size"],
            header=base64.b64decode(value["header"], validate=True),
            padding=value["padding"],
            digest=value["digest"],
            size=value["size"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("not a layer recipe") from error
    if recipe.size != len(recipe.header) + recipe.blob_size + recipe.padding:
        raise ValueError("a layer recipe whose sizes disagree")
    return recipe


def as_attachment(image: BuiltImage) -> Attachment:
    """The recipes of an image's layers, to lie beside it where other machines find them."""
    data = dump([to_json(layer) for layer in image.layers])
    return Attachment(artifact_type=RECIPES_TYPE, title="recipes.json", data=data)


def from_attachment(attachment: Attachment, manifest: bytes) -> tuple[LayerRecipe, ...]:
    """The recipes back; `ValueError` unless they are those of the manifest's layers, in its order."""
    found = tuple(from_json(value) for value in json.loads(attachment.data))
    layers = [(layer["digest"], layer["size"]) for layer in json.loads(manifest)["layers"]]
    if [(recipe.digest, recipe.size) for recipe in found] != layers:
        raise ValueError("recipes of another image")
    return found


def attachment_to_json(attachment: Attachment) -> dict[str, Any]:
    """The attachment as plain JSON values."""
    return {
        "artifact_type": attachment.artifact_type,
        "title": attachment.title,
        "data": base64.b64encode(attachment.data).decode("ascii"),
        "annotations": dict(attachment.annotations),
        "signature": attachment.signature,
    }


def attachment_from_json(value: Any) -> Attachment:
    """The attachment back; `ValueError` for anything that `attachment_to_json` did not write."""
    try:
        data = base64.b64decode(value["data"], validate=True)
        return Attachment(
            artifact_type=str(value["artifact_type"]),
            title=str(value["title"]),
            data=data,
            annotations=dict(value["annotations"]),
            signature=str(value["signature"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not an attachment") from error


def dump(value: Any) -> bytes:
    """JSON bytes as they are stored."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
