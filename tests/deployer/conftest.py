from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def _fakes(settings: Any, tmp_path: Path) -> None:
    """Content store, image builder and serving backend in memory, made anew for the test."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns without it
    settings.BACKENDS = {
        **settings.BACKENDS,
        "blob_store": {"class": "tests.fakes.blobs.InMemoryBlobStore", "options": {"scratch": scratch}},
        "image_builder": {"class": "tests.fakes.builders.InMemoryImageBuilder", "options": {}},
        "serving": {"class": "tests.fakes.serving.FakeServingBackend", "options": {}},
    }
