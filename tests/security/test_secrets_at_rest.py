"""Secrets are not at rest: after a full run neither rows, sessions, logs, mail nor error pages hold one of them."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from registry import services
from registry.models import Account
from tests.registry.sign_in.dance import come_back
from tests.registry.sign_in.people import app_code
from tests.stubs.identity_provider import CLIENT_SECRET, Provider

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]


def word() -> str:
    return f"Planted-{secrets.token_hex(12)}"


@pytest.fixture
def planted(settings: Any) -> dict[str, str]:
    """What must be found nowhere, by name."""
    made = {name: word() for name in ("first password", "second password", "mistyped password", "smtp password")}
    settings.EMAIL_HOST_PASSWORD = made["smtp password"]
    return made


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def test_none_of_the_planted_secrets_is_found(
    planted: dict[str, str], provider: Provider, everything_logged: pytest.LogCaptureFixture
) -> None:
    pages: list[str] = []
    client = signed_up(planted, pages)
    account = Account.objects.get(username="amina")
    set_up_second_factor(client, planted, pages)
    token = services.create_token(actor=account, name="bot", scopes=[], lifetime=timedelta(days=1))[1]
    planted |= {"api token": token, "client secret": CLIENT_SECRET, "provider's token": "an-access-token"}
    use_token(token, pages)
    come_in_by_provider(planted, pages)
    break_things(client, planted, pages)

    places = {
        "rows": rows(),
        "sessions": str([session.get_decoded() for session in Session.objects.all()]),
        "log": everything_logged.text,
        "mail": str([(message.subject, message.body) for message in mail.outbox]),
        "error pages": "\n".join(pages),
    }
    assert len(planted) == 18
    found = [(name, place) for name, value in planted.items() for place, text in places.items() if value in text]
    assert found == []
    assert account.username in places["rows"], "the dump holds what there is"


def signed_up(planted: dict[str, str], pages: list[str]) -> Client:
    """Sign up, sign out, mistype, sign in, change the password: each secret is typed at least once."""
    client = Client()
    first, second = planted["first password"], planted["second password"]
    form = {"username": "amina", "email": "amina@example.org", "password1": first, "password2": first}
    assert client.post("/accounts/signup/", form).status_code == 302
    client.post("/accounts/logout/")
    wrong = client.post("/accounts/login/", {"login": "amina", "password": planted["mistyped password"]})
    pages.append(wrong.content.decode())
    assert client.post("/accounts/login/", {"login": "amina", "password": first}).status_code == 302
    change = {"oldpassword": first, "password1": second, "password2": second}
    changed = client.post("/accounts/password/change/", change)
    if changed.status_code == 302 and "reauthenticate" in changed["Location"]:
        client.post(changed["Location"], {"password": first})
        changed = client.post("/accounts/password/change/", change)
    assert Account.objects.get(username="amina").check_password(second)
    return client


def set_up_second_factor(client: Client, planted: dict[str, str], pages: list[str]) -> None:
    asked = client.get("/accounts/2fa/totp/activate/", follow=True)
    if asked.redirect_chain:
        asked = client.post(asked.redirect_chain[0][0], {"password": planted["second password"]}, follow=True)
    planted["seed of the app"] = asked.context["form"].secret
    pages.append(client.post("/accounts/2fa/totp/activate/", {"code": "000000"}).content.decode().replace(
        planted["seed of the app"], ""
    ))  # fmt: skip
    code = app_code(planted["seed of the app"])
    assert client.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    planted |= {f"recovery code {number}": code for number, code in enumerate(codes)}


def use_token(token: str, pages: list[str]) -> None:
    for header in (f"Bearer {token}", f"Bearer {token}x"):
        answer = Client(raise_request_exception=False).get("/api/v1/models/", headers={"authorization": header})
        pages.append(answer.content.decode())


def come_in_by_provider(planted: dict[str, str], pages: list[str]) -> None:
    """A newcomer who gives a password later, and somebody whom the provider does not vouch for."""
    client = Client()
    come_back(client)
    client.post("/accounts/3rdparty/signup/", {"username": "by-provider", "email": ""})
    secret = planted["second password"]
    client.post("/accounts/password/set/", {"password1": secret, "password2": secret})
    pages.append(Client().get("/accounts/oidc/sso/login/callback/?code=x&state=y").content.decode())


def break_things(client: Client, planted: dict[str, str], pages: list[str]) -> None:
    """Forms that expired, and faults in the middle of a request, with secrets in the air."""
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    form = {"login": "amina", "password": planted["second password"], "api_token": planted["api token"]}
    refused = strict.post("/accounts/login/", form, headers={"origin": "http://testserver"})
    assert refused.status_code == 403
    pages.append(refused.content.decode())
    broken = Client(raise_request_exception=False)
    Authenticator.objects.filter(type="totp").update(data={"secret": "unreadable"})
    broken.post("/accounts/login/", {"login": "amina", "password": planted["second password"]})
    pages.append(broken.post("/accounts/2fa/authenticate/", {"code": "123456"}).content.decode())
    pages.append(client.get("/accounts/no-such-page/").content.decode())


def rows() -> str:
    """Every row of every table, with what JSON fields hold spelled out."""
    return "\n".join(
        json.dumps(list(table._base_manager.values()), default=str, ensure_ascii=False) for table in apps.get_models()
    )
