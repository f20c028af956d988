"""What a recipe hands over, and how it lies on disk for the loader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MODEL_FILE = "model.json"
CARD_FILE = "card.md"
EXAMPLES_FILE = "examples.json"
FILES_FOLDER = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A request of the Open Inference Protocol V2 with the answer that the model's own library gave.

    `tolerance` is the largest absolute difference between a served number and an expected one; texts must be equal.
    """

    title: str
    request: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One finished model: `licence` is an SPDX identifier, `model_format` the name that the format gate gives."""

    owner: str
    owner_kind: str  # "team" or "volunteer"
    name: str
    title: str
    summary: str
    task: str
    licence: str
    model_format: str
    files: Mapping[str, bytes]
    card: str
    examples: Sequence[Example]
    cpu_millis: int = 500
    memory_bytes: int = 1 << 30


def write_product(product: Product, folder: Path) -> Path:
    """Lay a product out as `<folder>/<owner>__<name>/`; returns that path. Existing files are replaced."""
    target = folder / f"{product.owner}__{product.name}"
    for path, content in product.files.items():
        file = target / FILES_FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (target / CARD_FILE).write_text(product.card, encoding="utf-8")
    _write_json(target / EXAMPLES_FILE, [asdict(example) for example in product.examples])
    # Written last: a folder without it was interrupted.
    _write_json(target / MODEL_FILE, _description(product))
    return target


def _description(product: Product) -> dict[str, Any]:
    return {
        "owner": product.owner,
        "owner_kind": product.owner_kind,
        "name": product.name,
        "title": product.title,
        "summary": product.summary,
        "task": product.task,
        "licence": product.licence,
        "model_format": product.model_format,
        "resources": {"cpu_millis": product.cpu_millis, "memory_bytes": product.memory_bytes},
        "files": [
            {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for path, content in sorted(product.files.items())
        ],
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
