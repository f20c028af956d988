"""A small model, stored, and the builder that packages it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployer.builders.local import LocalImageBuilder
from deployer.interfaces import FileEntry, ImageSpec
from registry.artifacts.folder import FolderBlobStore

FILES: Mapping[str, bytes] = {
    "model.ubj": random.Random(1).randbytes(3_000_000),
    "config.json": b"{}",
    "/".join(["a-rather-long-folder-name"] * 6) + "/weights-0001.bin": random.Random(2).randbytes(1000),
}


@dataclass(frozen=True)
class Workshop:
    """`spec` is the image of `FILES`, all stored in `blobs`."""

    blobs: FolderBlobStore
    builder: LocalImageBuilder
    images: Path
    spec: ImageSpec


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    blobs = FolderBlobStore(tmp_path / "blobs")
    for data in FILES.values():
        blobs.put(iter([data]))
    entries = (
        FileEntry(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data)) for path, data in FILES.items()
    )
    spec = ImageSpec(files=tuple(entries), labels={"org.opencontainers.image.title": "article-quality"})
    images = tmp_path / "images"
    return Workshop(blobs=blobs, builder=LocalImageBuilder(images, blobs), images=images, spec=spec)
