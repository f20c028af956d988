from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry.models import Account
from tests.conftest import RegistryFakes
from tests.factories import make_account


@pytest.fixture(autouse=True)
def _apart(fakes: RegistryFakes, settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"
    settings.NOTIFICATION_MAIL_DELAY_SECONDS = 0


@pytest.fixture
def vera(db: None) -> Account:
    return make_account("vera", display_name="Vera V.", email="vera@example.org")


@pytest.fixture
def rita(db: None) -> Account:
    return make_account("rita", groups=["reviewers"], email="rita@example.org")


@pytest.fixture
def otto(db: None) -> Account:
    return make_account("otto", groups=["operators"], email="otto@example.org")
