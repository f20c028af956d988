"""A second factor: asked for at every sign-in, sealed at rest, and, where the setting says so, what powers hang on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.urls import reverse

from registry import permissions, services
from registry.errors import OperatorError, UserError
from registry.models import Account
from registry.sign_in.second_factor import seal, unseal
from tests.factories import PASSWORD, make_account
from tests.portal.belongings import Belongings, belongings_of
from tests.portal.routes_review import approval
from tests.registry.sign_in.people import SEED, app_code, give_app, give_recovery_codes, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
ALL_RIGHTS = ["reviewers", "operators", "administrators"]
Door = Callable[[Account, Belongings], bool]


@pytest.fixture
def required(settings: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = True


def by_session(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    return client


def page(address: str) -> Door:
    return lambda account, _things: by_session(account).get(address).status_code == 200


def approve(account: Account, things: Belongings) -> bool:
    address = reverse("registry:review", args=[things.waiting.pk])
    return by_session(account).post(address, dict(approval(things))).status_code == 302


def retry(account: Account, things: Belongings) -> bool:
    return by_session(account).post(reverse("registry:version_retry", args=[things.stuck.pk])).status_code == 302


def restore(account: Account, things: Belongings) -> bool:
    address = reverse("deployer:rollout_restore", args=[things.replaced.pk])
    return by_session(account).post(address, {"confirm": things.endpoint.name}).status_code == 302


def token_with(scope: str) -> Door:
    def make(account: Account, _things: Belongings) -> bool:
        try:
            services.create_token(actor=account, name=scope, scopes=[scope], lifetime=timedelta(days=1))
        except UserError:
            return False
        return True

    return make


DOORS: dict[str, Door] = {
    "review queue": page("/reviews/"),
    "approval": approve,
    "retry of another's step": retry,
    "return to a former version": restore,
    "admin": page("/admin/"),
    "accounts in the admin": page("/admin/registry/account/"),
    "token for reviews": token_with("review"),
    "token for operations": token_with("operate"),
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_of_power_is_shut_without_and_open_with_one(door: str, required: None) -> None:
    account = make_account("keen", groups=ALL_RIGHTS)
    things = belongings_of(make_account("stranger"))

    assert not DOORS[door](account, things)
    give_recovery_codes(account)
    assert not DOORS[door](fresh(account), things), "recovery codes alone are no second factor"
    give_app(account)
    assert DOORS[door](fresh(account), things)


@pytest.mark.parametrize("door", DOORS)
def test_no_door_needs_one_unless_the_setting_says_so(door: str) -> None:
    assert DOORS[door](make_account("keen", groups=ALL_RIGHTS), belongings_of(make_account("stranger")))


def fresh(account: Account) -> Account:
    """As the next request meets the account."""
    return Account.objects.get(pk=account.pk)


def test_a_token_made_before_loses_its_powers_with_the_second_factor(required: None) -> None:
    account = make_account(groups=["reviewers"])
    app = give_app(account)
    _token, secret = services.create_token(
        actor=fresh(account), name="bot", scopes=["review"], lifetime=timedelta(days=1)
    )
    assert permissions.may_review(services.use_token(secret=secret)[0])

    app.delete()

    assert not permissions.may_review(services.use_token(secret=secret)[0])


def test_whoever_holds_no_power_needs_no_second_factor(required: None) -> None:
    client = by_session(make_account())

    assert client.get("/submit/").status_code == 200
    assert "second factor" not in client.get("/models/").content.decode()


def test_people_are_led_to_set_one_up(required: None) -> None:
    reviewer, client = make_account("rev", groups=["reviewers"]), Client()

    assert sign_in(client, reviewer) == reverse("registry:account_security")
    for address, status in (("/models/", 200), ("/reviews/", 403)):
        response = client.get(address)
        assert response.status_code == status
        assert f'href="{reverse("registry:account_security")}"' in response.content.decode()
    assert "rest until you set one up" in client.get("/account/security/").content.decode()
    activated = set_up_app(client)

    assert activated.status_code == 302
    assert client.get("/reviews/").status_code == 200


def set_up_app(client: Client) -> Any:
    asked = client.get("/accounts/2fa/totp/activate/", follow=True)
    assert asked.redirect_chain[0][0].startswith("/accounts/reauthenticate/"), "a stolen session sets up nothing"
    page = client.post(asked.redirect_chain[0][0], {"password": PASSWORD}, follow=True)
    return client.post("/accounts/2fa/totp/activate/", {"code": app_code(page.context["form"].secret)})


def test_the_admin_has_no_sign_in_of_its_own() -> None:
    """Django's form knows neither rate limits nor second factors."""
    account, client = make_account("boss", groups=["administrators"]), Client()
    give_app(account)
    data = {"username": account.username, "password": "correct-horse-battery", "next": "/admin/"}

    response = client.post("/admin/login/?next=/admin/", data)

    assert response["Location"] == "/accounts/login/?next=/admin/"
    assert client.get("/admin/").status_code == 302


def test_the_password_alone_opens_nothing_once_there_is_one() -> None:
    account, client = make_account("amina"), Client()
    give_app(account)

    assert sign_in(client, account) == reverse("mfa_authenticate")
    assert client.get("/mine/").status_code == 302
    wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    assert client.post("/accounts/2fa/authenticate/", {"code": app_code()}).status_code == 302
    assert client.get("/mine/").status_code == 200


def test_a_code_works_once() -> None:
    account, code = make_account("amina"), app_code()
    give_app(account)
    answers = []
    for _ in range(2):
        client = Client()
        sign_in(client, account)
        answers.append(client.post("/accounts/2fa/authenticate/", {"code": code}).status_code)

    assert answers == [302, 200]


def test_a_recovery_code_opens_the_account_once() -> None:
    account = make_account("amina")
    give_app(account)
    code = give_recovery_codes(account)[0]
    answers = []
    for _ in range(2):
        client = Client()
        sign_in(client, account)
        answers.append(client.post("/accounts/2fa/authenticate/", {"code": code}).status_code)

    assert answers == [302, 200]


def test_codes_cannot_be_guessed() -> None:
    account, client = make_account("amina"), Client()
    give_app(account)
    sign_in(client, account)

    said = [client.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"}).content.decode() for n in range(8)]

    assert sum("Incorrect code" in text for text in said) <= 5
    assert "Too many" in said[-1]
    assert client.post("/accounts/2fa/authenticate/", {"code": app_code()}).status_code != 302


class TestSealing:
    def test_seeds_are_not_at_rest(self) -> None:
        account = make_account()
        give_app(account)
        codes = give_recovery_codes(account)

        with connection.cursor() as cursor:
            cursor.execute("SELECT data FROM mfa_authenticator")
            stored = str(cursor.fetchall())

        assert SEED not in stored
        assert not any(code in stored for code in codes)

    def test_each_sealing_differs_and_opens(self) -> None:
        assert seal("x") != seal("x")
        assert unseal(seal("ключ")) == "ключ"

    def test_a_former_key_still_opens(self, settings: Any) -> None:
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a" * 60, []
        sealed = seal("seed")
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "b" * 60, ["a" * 60]
        assert unseal(sealed) == "seed"

    def test_without_the_key_the_operator_must_act(self, settings: Any) -> None:
        sealed = seal("seed")
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "b" * 60, []
        with pytest.raises(OperatorError, match=r"sign_in\.key_changed"):
            unseal(sealed)

    def test_such_an_account_is_not_opened_and_the_page_says_why(self) -> None:
        account, client = make_account("amina"), Client(raise_request_exception=False)
        give_app(account)
        Authenticator.objects.update(data={"secret": seal("x")[:-4] + "AAA="})
        sign_in(client, account)

        response = client.post("/accounts/2fa/authenticate/", {"code": app_code()})

        assert response.status_code == 500
        assert "cannot be read any more" in response.content.decode()
        assert client.get("/mine/").status_code == 302
