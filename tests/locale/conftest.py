"""Compiled catalogues, as `make setup` leaves them."""

from __future__ import annotations

import pytest

from portal.translations.catalogues import compile_stale


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    compile_stale()
