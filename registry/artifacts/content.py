"""The content digest: one name for everything that a reviewer approves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from registry.models import ModelVersion


def content_of(version: ModelVersion) -> Mapping[str, Any]:
    """Everything that the digest covers, in a form that JSON writes in exactly one way."""
    return {
        "model": str(version.registered_model),
        "number": version.number,
        "licence": version.licence,
        "card": hashlib.sha256(version.card_source.encode()).hexdigest(),
        "resources": {"cpu_millis": version.cpu_millis, "memory_bytes": version.memory_bytes},
        "files": [
            {"path": path, "sha256": sha256, "size": size}
            for path, sha256, size in version.files.order_by("path").values_list("path", "blob_id", "blob__size")
        ],
        "examples": [
            {"title": title, "request": request, "expected": expected, "tolerance": tolerance}
            for title, request, expected, tolerance in version.examples.order_by("position").values_list(
                "title", "request", "expected", "tolerance"
            )
        ],
    }


def content_digest(version: ModelVersion) -> str:
    """`sha256:<hex>` over the compact, sorted JSON of the content. Equal content gives an equal digest anywhere."""
    text = json.dumps(content_of(version), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
