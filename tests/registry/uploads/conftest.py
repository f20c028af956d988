from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from registry.models import Account, ModelVersion
from registry.services import register_model
from tests.registry.uploads.tus import TusClient


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, settings: Settings) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"
    store = {"class": "registry.artifacts.folder.FolderBlobStore", "options": {"root": tmp_path / "blobs"}}
    settings.BACKENDS = {**settings.BACKENDS, "blob_store": store}


@pytest.fixture
def limit(settings: Settings) -> Callable[..., None]:
    def change(**limits: Any) -> None:
        settings.LIMITS = {**settings.LIMITS, **limits}

    return change


@pytest.fixture
def ada(db: None) -> Account:
    return Account.objects.create_user("ada", password="long enough")


@pytest.fixture
def bob(db: None) -> Account:
    return Account.objects.create_user("bob", password="long enough")


@pytest.fixture
def draft(ada: Account) -> ModelVersion:
    return register_model(actor=ada, name="first")


@pytest.fixture
def tus(ada: Account) -> TusClient:
    client = Client()
    client.force_login(ada)
    return TusClient(client)
