from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from registry.models import Account
from tests.conftest import RegistryFakes
from tests.factories import make_account


@pytest.fixture(autouse=True)
def _apart(fakes: RegistryFakes, settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"
    settings.BACKENDS = {
        **settings.BACKENDS,
        "serving": {"class": "tests.fakes.serving.FakeServingBackend", "options": {}},
    }


@pytest.fixture
def vera(db: None) -> Account:
    return make_account("vera", display_name="Vera V.")


@pytest.fixture
def web(vera: Account) -> Client:
    """Vera's browser."""
    return as_browser(vera)


def as_browser(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    return client
