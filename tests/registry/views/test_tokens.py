from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from registry.models import ApiToken
from registry.services import create_token, use_token
from tests.factories import PASSWORD, make_account

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"mcpat_[0-9A-Za-z]{49}")


def test_the_secret_is_shown_once() -> None:
    account, client = make_account(), Client()
    client.force_login(account)

    asked = client.post(reverse("registry:tokens"), {"name": "nightly", "scopes": ["submit"], "lifetime": "30"})
    assert asked["Location"].startswith("/accounts/reauthenticate/"), "a session left open makes no token"
    assert not ApiToken.objects.exists()
    made = client.post(asked["Location"], {"password": PASSWORD})

    assert made.status_code == 201
    secret = SECRET.findall(made.content.decode())
    assert len(secret) == 1
    assert use_token(secret=secret[0])[0] == account
    assert "no-store" in made["Cache-Control"]
    listed = client.get(reverse("registry:tokens")).content.decode()
    assert "nightly" in listed
    assert secret[0][:12] in listed
    assert secret[0] not in listed
    assert secret[0][12:] not in str(list(client.session.items()))


def test_sending_the_form_twice_makes_one_token() -> None:
    client = Client()
    client.force_login(make_account())
    form = {"name": "nightly", "lifetime": "30"}
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})

    answers = [client.post(reverse("registry:tokens"), form).status_code for _time in range(2)]

    assert answers == [201, 400]
    assert ApiToken.objects.count() == 1


def test_who_has_no_password_signs_in_again() -> None:
    account, client = make_account(), Client()
    account.set_unusable_password()
    account.save()
    client.force_login(account)
    form = {"name": "nightly", "lifetime": "30"}

    refused = client.post(reverse("registry:tokens"), form)
    assert refused.status_code == 400
    assert "needs a fresh sign-in" in refused.content.decode()
    session = client.session
    session["account_authentication_methods"] = [{"method": "socialaccount", "at": time.time()}]
    session["account_authentication_methods_user"] = str(account.pk)
    session.save()

    assert client.post(reverse("registry:tokens"), form).status_code == 201


def test_only_ones_own_rights_are_offered() -> None:
    volunteer, operator = Client(), Client()
    volunteer.force_login(make_account())
    operator.force_login(make_account(groups=["operators"]))

    assert b'value="operate"' not in volunteer.get(reverse("registry:tokens")).content
    assert b'value="operate"' in operator.get(reverse("registry:tokens")).content
    refused = volunteer.post(reverse("registry:tokens"), {"name": "x", "scopes": ["operate"], "lifetime": "30"})
    assert refused.status_code == 400
    assert not ApiToken.objects.exists()


def test_revoking() -> None:
    account, client = make_account(), Client()
    client.force_login(account)
    token, _secret = create_token(actor=account, name="bot", scopes=[], lifetime=timedelta(days=1))

    client.post(reverse("registry:token_revoke", args=[token.pk]))

    assert token.hint not in client.get(reverse("registry:tokens")).content.decode()
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_an_installation_may_shorten_lives(settings: object) -> None:
    settings.TOKEN_MAX_DAYS = 20  # type: ignore[attr-defined]  # pytest-django's settings
    client = Client()
    client.force_login(make_account())

    page = client.get(reverse("registry:tokens")).content.decode()

    assert 'value="7"' in page
    assert 'value="30"' not in page
