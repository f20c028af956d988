"""Reads the demonstration models that `train.py` wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import IntegrityError, NotFoundError
from registry.seeding.product import CARD_FILE, EXAMPLES_FILE, FILES_FOLDER, MODEL_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedFile:
    """One file of a model: the name to upload it under, where it lies, its size in bytes and SHA-256 in hex."""

    path: str
    source: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedExample:
    """A V2 request, the answer expected, and the largest difference that a number may show."""

    title: str
    request: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedModel:
    """One model, ready to be brought in as its owner would. `owner_kind` is "team" or "volunteer"."""

    owner: str
    owner_kind: str
    name: str
    title: str
    summary: str
    task: str
    licence: str
    model_format: str
    cpu_millis: int
    memory_bytes: int
    card: str
    files: tuple[SeedFile, ...]
    examples: tuple[SeedExample, ...]


def load_seed(folder: Path) -> tuple[SeedModel, ...]:
    """Every model under `folder`, in the order of their folders' names.

    Raises `NotFoundError` with code `seeding.empty` or `seeding.incomplete`, and `IntegrityError` with code
    `seeding.changed` if a file is not what was written.
    """
    models = tuple(_load(path) for path in sorted(folder.glob("*__*")) if path.is_dir())
    if not models:
        raise NotFoundError("seeding.empty", folder=str(folder))
    return models


def _load(folder: Path) -> SeedModel:
    try:
        described = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
        card = (folder / CARD_FILE).read_text(encoding="utf-8")
        examples = json.loads((folder / EXAMPLES_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError) as exc:
        raise NotFoundError("seeding.incomplete", folder=folder.name) from exc
    resources = described.pop("resources")
    files = described.pop("files")
    return SeedModel(
        **described,
        **resources,
        card=card,
        files=tuple(_file(folder, entry) for entry in files),
        examples=tuple(SeedExample(**example) for example in examples),
    )


def _file(folder: Path, entry: Mapping[str, Any]) -> SeedFile:
    source = folder / FILES_FOLDER / entry["path"]
    try:
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError as exc:
        raise NotFoundError("seeding.incomplete", folder=folder.name) from exc
    if digest != entry["sha256"]:
        raise IntegrityError("seeding.changed", folder=folder.name, path=entry["path"])
    return SeedFile(path=entry["path"], source=source, size=entry["size"], sha256=digest)
