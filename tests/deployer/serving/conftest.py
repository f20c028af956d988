from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.runtimes.environments import RuntimeEnvironments
from deployer.serving.local import LocalServingBackend
from tests.deployer.serving import cups
from tests.fakes.blobs import InMemoryBlobStore


@pytest.fixture
def blobs(tmp_path: Path) -> InMemoryBlobStore:
    folder = tmp_path / "blobs"
    folder.mkdir()
    return InMemoryBlobStore(folder)


@pytest.fixture(scope="session")
def xgboost_environment() -> None:
    RuntimeEnvironments(cups.ENVIRONMENTS).ensure(cups.XGBOOST)


@pytest.fixture
def backend(tmp_path: Path, blobs: InMemoryBlobStore, xgboost_environment: None) -> Iterator[LocalServingBackend]:
    made = LocalServingBackend(cups.config(tmp_path / "cups", blobs))
    yield made
    made.stop_all()
