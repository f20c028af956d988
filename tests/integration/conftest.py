from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from registry.models import Account, ModelVersion
from tests.factories import make_account, make_draft
from tests.integration.crew import Crew
from tests.redis_server import RedisServer


@pytest.fixture
def _real_gate(settings: Any, tmp_path: Path) -> None:
    """Blobs and uploads in folders of the test; gate, scanner and runtimes as shipped."""
    settings.UPLOADS_DIR = tmp_path / "data" / "uploads"
    store = {"class": "registry.artifacts.folder.FolderBlobStore", "options": {"root": tmp_path / "data" / "blobs"}}
    serving = {"class": "tests.fakes.serving.FakeServingBackend", "options": {}}
    builder = {"class": "deployer.builders.local.LocalImageBuilder", "options": {"root": tmp_path / "images"}}
    settings.BACKENDS = {**settings.BACKENDS, "blob_store": store, "serving": serving, "image_builder": builder}


@pytest.fixture
def ada() -> Account:
    return make_account("ada")


@pytest.fixture
def web(ada: Account) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def draft(ada: Account) -> ModelVersion:
    return make_draft(owner=ada, files={})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path / "redis")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def crew(tmp_path: Path, server: RedisServer) -> Iterator[Crew]:
    made = Crew(tmp_path, redis_url=server.url)
    yield made
    made.dismiss()
