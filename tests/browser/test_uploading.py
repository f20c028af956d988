"""Big files over slow lines to the real upload server."""

from __future__ import annotations

import hashlib
import io
import itertools
import random
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser import visitors as steps
from tests.browser.visitors import Visitors

SIZE = 24 * 2**20
SLOW = 2 * 2**20  # bytes per second
FILES = "#upload-files"
NUMBERS = itertools.count(1)


@pytest.fixture
def big_file(tmp_path: Path) -> Path:
    path = tmp_path / "table.npy"
    written = io.BytesIO()
    np.save(written, np.frombuffer(random.Random(7).randbytes(SIZE), dtype=np.uint8))
    path.write_bytes(written.getvalue())
    return path


@pytest.fixture
def page(visitors: Visitors) -> Page:
    page = visitors.enter("volunteer")
    page.on("dialog", lambda dialog: dialog.accept())
    steps.name_model(page, f"upload-{next(NUMBERS)}")
    return page


def throttle(page: Page, bytes_per_second: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second},
    )


def wait_until_some_arrived(page: Page) -> None:
    expect(page.locator("[data-uploads] [data-part=percent]")).to_have_text(re.compile(r"^[1-9]\d?\s?%$"))


def listed_digest(page: Page) -> str:
    digest = page.locator("[data-files] code[title^=sha256]").get_attribute("title")
    assert digest is not None
    return digest.removeprefix("sha256:")


def test_a_paused_upload_rests_and_goes_on(page: Page, big_file: Path) -> None:
    throttle(page, SLOW)
    page.set_input_files(FILES, big_file)
    wait_until_some_arrived(page)
    page.get_by_role("button", name="Pause table.npy").click()
    expect(page.locator("[data-uploads]")).to_contain_text("Paused")
    shown = page.locator("[data-uploads] progress").get_attribute("value")
    throttle(page, -1)
    page.wait_for_timeout(500)
    assert page.locator("[data-uploads] progress").get_attribute("value") == shown
    page.get_by_role("button", name="Resume table.npy").click()
    expect(page.locator("[data-files]")).to_contain_text("Uploaded and verified")
    assert listed_digest(page) == hashlib.sha256(big_file.read_bytes()).hexdigest()


def test_a_reloaded_page_goes_on_with_the_same_file(page: Page, big_file: Path) -> None:
    throttle(page, SLOW)
    page.set_input_files(FILES, big_file)
    wait_until_some_arrived(page)
    page.reload()
    expect(page.locator("[data-uploads]")).to_contain_text("Choose this file again")
    throttle(page, -1)
    offsets = []
    page.on("request", lambda sent: offsets.append(sent.headers["upload-offset"]) if sent.method == "PATCH" else None)
    page.set_input_files(FILES, big_file)
    expect(page.locator("[data-files]")).to_contain_text("Uploaded and verified")
    assert int(offsets[0]) > 0
    assert listed_digest(page) == hashlib.sha256(big_file.read_bytes()).hexdigest()


def test_a_pickle_is_refused_before_a_byte_travels(page: Page, tmp_path: Path) -> None:
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method != "GET" else None)
    (tmp_path / "head.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    page.set_input_files(FILES, tmp_path / "head.pkl")
    uploads = page.locator("[data-uploads]")
    expect(uploads).to_contain_text("This is a pickle")
    expect(uploads.locator("code[data-part=command]")).to_contain_text("skops.io.dump(model")
    assert sent == []


def test_a_pickle_in_disguise_is_refused_by_the_server(page: Page, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    page.set_input_files(FILES, tmp_path / "model.json")
    expect(page.locator("[data-files]")).to_contain_text("model.json")
    page.get_by_role("link", name="Check and submit").click()
    failed = page.locator(".check--fail").filter(has_text="Format gate")
    expect(failed).to_contain_text("pickle")
    expect(page.get_by_role("button", name="Submit for review")).to_have_count(0)
