"""A served model stays in service: when the next version takes over, and when its process dies."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.browser import visitors as steps
from tests.browser.live_portal import LivePortal
from tests.browser.stage import OWNER, REQUEST
from tests.browser.visitors import Visitors

RECOVERY_SECONDS = 60.0  # how soon is measured by `bench.approval`


def ask(portal: LivePortal, name: str) -> str:
    """The version that answered, or the status of a refusal."""
    request = urllib.request.Request(
        portal.url(f"/serve/v2/models/{OWNER}-{name}/infer"),
        data=json.dumps(REQUEST).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return f"version {json.load(response)['model_version']}"
    except urllib.error.HTTPError as error:
        return f"status {error.code}"
    except OSError as error:
        return repr(error)


@contextmanager
def steady_requests(portal: LivePortal, name: str) -> Iterator[Counter[str]]:
    """Ask without a pause and count what comes back."""
    answers: Counter[str] = Counter()
    stopped = threading.Event()

    def run() -> None:
        while not stopped.wait(0.02):
            answers[ask(portal, name)] += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield answers
    finally:
        stopped.set()
        thread.join()


def test_the_next_version_takes_over_without_a_failed_request(portal: LivePortal, visitors: Visitors) -> None:
    portal.stage("live", "swap")
    review = json.loads(portal.stage("next", "swap"))
    reviewer = visitors.enter("reviewer")
    with steady_requests(portal, "swap") as answers:
        steps.approve(reviewer, review)
        deadline = time.monotonic() + 120
        while answers["version 2"] < 20:
            assert time.monotonic() < deadline, answers
            time.sleep(0.05)
    assert set(answers) == {"version 1", "version 2"}
    visitor = visitors.enter()
    visitor.goto(f"/models/{OWNER}/swap/versions/")
    expect(visitor.get_by_role("row", name="2 In production")).to_be_visible()
    expect(visitor.get_by_role("row", name="1 Superseded")).to_be_visible()


def test_a_killed_model_is_back_soon_and_the_pages_tell(portal: LivePortal, visitors: Visitors) -> None:
    portal.stage("live", "kill")
    visitor = visitors.enter()
    process = json.loads(portal.stage("process", "kill"))
    killed = time.monotonic()
    os.kill(process, signal.SIGKILL)
    steps.expect_after_reloads(visitor, f"/models/{OWNER}/kill/", "The model is down", exact=False, within_ms=60_000)
    while ask(portal, "kill") != "version 1":
        assert time.monotonic() - killed < RECOVERY_SECONDS
        time.sleep(0.1)
    assert time.monotonic() - killed < RECOVERY_SECONDS
    steps.expect_after_reloads(visitor, f"/endpoints/{OWNER}-kill/", "Healthy")
    visitor.goto("/log/")
    expect(visitor.get_by_text("noticed that version 1 is down").first).to_be_visible()
    expect(visitor.get_by_text("saw version 1 answer again").first).to_be_visible()


def test_the_log_names_the_address_while_the_portal_runs(portal: LivePortal) -> None:
    """Its output goes into a pipe here, as into a service's or a container's log."""
    assert any(f"{portal.origin}/" in line for line in portal.log), portal.log
