"""A live portal for all tests here, Chromium for each module, and people who visit the one with the other.

Chromium lives no longer than a module: Playwright keeps an event loop running, and Django refuses to use a database
meanwhile.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.live_portal import LivePortal
from tests.browser.visitors import Visitors

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    with LivePortal(tmp_path_factory.mktemp("portal")) as live:
        yield live


@pytest.fixture(scope="package")
def scene(portal: LivePortal) -> dict[str, str]:
    """Addresses of a model in production, of its next version in review and of a draft, which tests leave alone."""
    addresses: dict[str, str] = json.loads(portal.stage("scene", "iris"))
    return addresses


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def visitors(portal: LivePortal, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visitors]:
    """Opens pages for accounts; at the end no page may have complained in its console."""
    made = Visitors(portal, browser)
    yield made
    if request.session.testsfailed:
        sys.stdout.write(made.what_they_see())
    made.leave()
    assert made.complaints == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium"))
