from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry.models import Account
from tests.api.client import ApiClient, client_of
from tests.factories import make_account


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path, fakes: object) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"


@pytest.fixture
def ada(db: None) -> Account:
    return make_account("ada")


@pytest.fixture
def api(ada: Account) -> ApiClient:
    """A program of Ada's with all scopes."""
    return client_of(ada)
