"""A security key in a real browser: Chromium's virtual one, under the portal's Content-Security-Policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.live_portal import LivePortal
from tests.browser.stage import PASSWORD
from tests.browser.visitors import Visitors

KEY = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
Carrier = tuple[Page, Callable[..., None]]


@pytest.fixture
def carrier(portal: LivePortal, visitors: Visitors) -> Iterator[Carrier]:
    """A page at a host name, as keys belong to one, with a key plugged in; and what tells whether it is touched."""
    page = visitors.enter()
    page.goto(f"http://localhost:{portal.port}/")
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    key: dict[str, Any] = session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})

    def touched(*, willing: bool) -> None:
        session.send("WebAuthn.setUserVerified", {"authenticatorId": key["authenticatorId"], "isUserVerified": willing})

    yield page, touched
    session.send("WebAuthn.disable")


def enter(page: Page, address: str) -> None:
    page.goto(re.sub(r"(https?://[^/]+).*", r"\1", page.url) + address)


def sign_up(page: Page, name: str) -> None:
    enter(page, "/accounts/signup/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign Up").click()
    expect(page.get_by_role("heading", name="My models")).to_be_visible()


def add_key(page: Page, name: str, *, passwordless: bool) -> None:
    enter(page, "/accounts/2fa/webauthn/add/")
    if "/reauthenticate/" in page.url:
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill(name)
    if passwordless:
        page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def sign_out(page: Page) -> None:
    enter(page, "/accounts/logout/")
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name="Sign Out").click()


def test_a_key_is_the_second_factor(carrier: Carrier) -> None:
    page, _touched = carrier
    sign_up(page, "with-a-key")
    add_key(page, "Blue key", passwordless=False)
    enter(page, "/accounts/2fa/webauthn/")
    expect(page.get_by_role("row", name=re.compile("Blue key"))).to_be_visible()
    sign_out(page)

    enter(page, "/accounts/login/")
    page.get_by_label("Username").fill("with-a-key")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_role("button", name="Use a security key").click()

    expect(page.get_by_role("heading", name="My models")).to_be_visible()


def test_a_passkey_signs_in_by_itself_and_only_for_its_holder(carrier: Carrier) -> None:
    page, touched = carrier
    sign_up(page, "with-a-passkey")
    add_key(page, "This laptop", passwordless=True)
    sign_out(page)
    enter(page, "/accounts/login/")

    touched(willing=False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("The key was not used")).to_be_visible()
    touched(willing=True)
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("heading", name="My models")).to_be_visible()


def test_no_key_is_offered_at_an_address_by_number(visitors: Visitors) -> None:
    page = visitors.enter()
    page.goto("/accounts/login/")

    expect(page.get_by_role("main").get_by_role("button")).to_have_count(1)
