"""Big files from the browser to the object storage, past the portal, and by tus where the storage lets no page in."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from registry.artifacts.s3_access import S3Access, S3Client
from tests.browser import visitors as steps
from tests.browser.live_portal import ROOT, LivePortal
from tests.browser.test_uploading import FILES, SLOW, listed_digest, throttle, wait_until_some_arrived
from tests.browser.visitors import Visitors
from tests.stubs.s3_server import KEY, SECRET, StubS3, running_s3

BUCKET = "model-commons"
PART = 16 << 20
SIZE = 2 * PART + (4 << 20)
GUIDE = ROOT / "docs" / "operations" / "object-storage.md"
CROSS_ORIGIN = re.compile("blocked by CORS policy|net::ERR_FAILED")


@pytest.fixture(scope="module")
def storage() -> Iterator[StubS3]:
    with running_s3() as running:
        client_of(running).call("create_bucket")
        yield running


@pytest.fixture(scope="module")
def portal(storage: StubS3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    variables = {
        "MODEL_COMMONS_S3_BUCKET": BUCKET,
        "MODEL_COMMONS_S3_ENDPOINT_URL": storage.url,
        "MODEL_COMMONS_S3_PUBLIC_URL": storage.url,
        "MODEL_COMMONS_S3_ACCESS_KEY_ID": KEY,
        "MODEL_COMMONS_S3_SECRET_ACCESS_KEY": SECRET,
    }
    with LivePortal(tmp_path_factory.mktemp("direct"), variables=variables) as live:
        yield live


@pytest.fixture
def visitors(portal: LivePortal, browser: Browser) -> Iterator[Visitors]:
    made = Visitors(portal, browser)
    yield made
    made.leave()
    assert [told for told in made.complaints if not CROSS_ORIGIN.search(told)] == []


@pytest.fixture
def page(visitors: Visitors) -> Page:
    page = visitors.enter("volunteer")
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def client_of(storage: StubS3) -> S3Client:
    return S3Client(S3Access(bucket=BUCKET, endpoint_url=storage.url, access_key=KEY, secret_key=SECRET))


def allow_pages_as_the_guide_says(storage: StubS3, origin: str) -> None:
    rules: dict[str, Any] = json.loads(GUIDE.read_text().partition("```json")[2].partition("```")[0])
    rules["CORSRules"][0]["AllowedOrigins"] = [origin]
    client_of(storage).call("put_bucket_cors", CORSConfiguration=rules)


def table(path: Path, size: int) -> Path:
    written = io.BytesIO()
    np.save(written, np.frombuffer(random.Random(7).randbytes(size), dtype=np.uint8))
    path.write_bytes(written.getvalue())
    return path


def test_files_go_past_the_portal_where_the_storage_lets_pages_in(
    page: Page, portal: LivePortal, storage: StubS3, tmp_path: Path
) -> None:
    first, big = table(tmp_path / "first.npy", 1000), table(tmp_path / "big.npy", SIZE)
    steps.name_model(page, "past-the-portal")
    policy = page.request.get(page.url).headers["content-security-policy"]
    assert f"connect-src 'self' {storage.url};" in f"{policy};"
    sent: list[tuple[str, str]] = []
    page.on("request", lambda request: sent.append((request.method, request.url)))

    page.set_input_files(FILES, first)  # no rule yet: by tus
    expect(page.locator("[data-files]")).to_contain_text("Uploaded and verified")
    assert listed_digest(page) == hashlib.sha256(first.read_bytes()).hexdigest()
    assert [urlsplit(url).netloc for method, url in sent if method == "PATCH"] == [urlsplit(portal.origin).netloc]
    page.get_by_role("button", name="Remove first.npy").click()

    allow_pages_as_the_guide_says(storage, portal.origin)
    page.reload()
    sent.clear()
    throttle(page, SLOW)
    page.set_input_files(FILES, big)
    wait_until_some_arrived(page)
    expect(page.locator("[data-uploads]")).to_contain_text(re.compile(r"MB/s, .* left"))
    page.get_by_role("button", name="Pause big.npy").click()
    expect(page.locator("[data-uploads]")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume big.npy").click()
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        throttle(page, 4 * SLOW)
    page.reload()
    expect(page.locator("[data-uploads]")).to_contain_text("Choose this file again")
    throttle(page, -1)
    sent.clear()
    page.set_input_files(FILES, big)
    expect(page.locator("[data-files]")).to_contain_text("Uploaded and verified")
    assert listed_digest(page) == hashlib.sha256(big.read_bytes()).hexdigest()
    puts = [url for method, url in sent if method == "PUT"]
    assert 0 < len(puts) < 3  # what had arrived is not sent again
    assert all(url.startswith(f"{storage.url}/{BUCKET}/uploads/") for url in puts)
    assert not [url for method, url in sent if method == "PATCH"]
