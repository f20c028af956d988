"""Sign-in by accounts elsewhere: the whole dance with a stand-in, and every way in which it must not work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from registry.models import Account
from tests.factories import make_account
from tests.registry.sign_in.dance import SSO, WIKI, agree, come_back, leave
from tests.registry.sign_in.people import give_app
from tests.stubs.identity_provider import CLIENT_SECRET, Provider

pytestmark = pytest.mark.django_db
SIGN_UP = "/accounts/3rdparty/signup/"
BOTH = pytest.mark.parametrize("way", [SSO, WIKI])


def newcomer(provider: Provider, way: str = SSO, **form: str) -> Client:
    """Somebody who came, chose a name and is signed in."""
    client = Client()
    assert come_back(client, way)["Location"] == SIGN_UP
    page = client.get(SIGN_UP)
    data = {**page.context["form"].initial, **form}
    response = client.post(SIGN_UP, data)
    assert response.status_code == 302, response.context["form"].errors
    return client


def signed_in_as(client: Client) -> str:
    user = client.get("/").context["user"]
    return str(user.get_username())


@BOTH
def test_a_newcomer_chooses_a_name_and_comes_back_to_the_same_account(provider: Provider, way: str) -> None:
    provider.person |= {"username": "Amina", "email": "amina@example.org", "confirmed_email": False}
    assert signed_in_as(newcomer(provider, way)) == "amina"
    again = Client()

    response = come_back(again, way)

    assert response["Location"] == "/mine/"
    assert signed_in_as(again) == "amina"
    account = Account.objects.get()
    assert not account.has_usable_password()
    assert SocialAccount.objects.get().uid == "subject-1"


@BOTH
def test_without_an_address_all_works(provider: Provider, way: str) -> None:
    newcomer(provider, way, username="without")

    assert Account.objects.get().email == ""
    assert mail.outbox == []


def test_accounts_are_keyed_on_the_subject_and_never_on_the_address(provider: Provider) -> None:
    """Whoever gets hold of an address at the provider gets no account here by it."""
    victim = make_account("victim", email="shared@example.org")
    EmailAddress.objects.create(user=victim, email="shared@example.org", verified=True, primary=True)
    provider.person |= {"email": "shared@example.org", "email_verified": True}
    client = Client()

    assert come_back(client)["Location"] == SIGN_UP
    assert client.post(SIGN_UP, {"username": "attacker", "email": ""}).status_code == 302

    assert signed_in_as(client) == "attacker"
    assert SocialAccount.objects.get().user.username == "attacker"
    assert not EmailAddress.objects.filter(email="shared@example.org").exclude(user=victim).exists()


def test_another_subject_with_the_same_name_is_somebody_else(provider: Provider) -> None:
    newcomer(provider)
    provider.person = {"sub": "subject-2", "preferred_username": "Amina"}

    other = newcomer(provider)

    assert signed_in_as(other) == "amina-2"


@pytest.mark.parametrize("taken", ["amina", "admin", "Not Allowed", "a--b", "-x"])
def test_a_name_that_cannot_be_had_is_refused_with_what_was_typed(provider: Provider, taken: str) -> None:
    make_account("amina")
    client = Client()
    come_back(client)

    response = client.post(SIGN_UP, {"username": taken, "email": ""})

    assert response.status_code == 200
    assert response.context["form"].errors["username"]
    assert f'value="{taken}"' in response.content.decode()
    assert Account.objects.count() == 1


def with_claims(**claims: Any) -> Callable[[Provider], None]:
    return lambda provider: provider.claims.update(claims)


def other_key(provider: Provider) -> None:
    provider.signing_key = generate_private_key(SECP256R1())


def shared_secret(provider: Provider) -> None:
    provider.signing_key, provider.algorithm = "k" * 64, "HS256"


def no_signature(provider: Provider) -> None:
    provider.signing_key, provider.algorithm = None, "none"
    provider.key = None  # type: ignore[assignment]  # PyJWT signs "none" without a key only


def other_issuer(provider: Provider) -> None:
    provider.issuer = "https://elsewhere.example"


def other_person(provider: Provider) -> None:
    provider.claims["sub"] = "somebody-else"


FORGERIES: dict[str, Callable[[Provider], None]] = {
    "another nonce": with_claims(nonce="of-another-sign-in"),
    "no nonce": with_claims(nonce=None),
    "another audience": with_claims(aud="another-client"),
    "several audiences, made for another": with_claims(aud=["portal", "another"], azp="another"),
    "several audiences, made for nobody": with_claims(aud=["portal", "another"]),
    "another issuer": with_claims(iss="https://elsewhere.example"),
    "expired": with_claims(iat=1_700_000_000, exp=1_700_000_300),
    "no expiry": with_claims(exp=None),
    "from the future": with_claims(iat=int(time.time()) + 86_400, nbf=int(time.time()) + 86_400),
    "no subject": with_claims(sub=None),
    "empty subject": with_claims(sub=""),
    "user information about somebody else": other_person,
    "signed by another key": other_key,
    "signed by a shared secret": shared_secret,
    "not signed at all": no_signature,
    "a description that names another issuer": other_issuer,
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_identity_opens_nothing(provider: Provider, forgery: str) -> None:
    newcomer(provider)
    client = Client()
    address = leave(client)
    FORGERIES[forgery](provider)

    response = client.get(agree(address))

    assert response.status_code == 401
    assert "did not work" in response.content.decode()
    assert client.get("/mine/").status_code == 302


@pytest.mark.usefixtures("provider")
class TestStates:
    @BOTH
    def test_a_way_back_of_another_browser_is_refused(self, way: str) -> None:
        """Nobody can be signed in to an attacker's account by a link."""
        back = agree(leave(Client(), way))
        assert Client().get(back).status_code == 401

    @BOTH
    def test_a_way_back_works_once(self, way: str) -> None:
        client = Client()
        back = agree(leave(client, way))
        assert client.get(back).status_code == 302
        assert client.get(back).status_code == 401

    @BOTH
    def test_a_code_alone_is_nothing(self, way: str) -> None:
        assert Client().get(f"{way}callback/?code=x&state=made-up").status_code == 401

    def test_a_refusal_is_told_kindly(self) -> None:
        client = Client()
        state = leave(client).partition("state=")[2].partition("&")[0]
        response = client.get(f"{SSO}callback/?error=access_denied&state={state}", follow=True)
        assert "without signing in" in response.content.decode()


@BOTH
def test_a_provider_that_is_away_is_a_page_and_no_fault(provider: Provider, way: str) -> None:
    client = Client()
    back = agree(leave(client, way))
    provider.broken = True

    response = client.get(back)

    assert response.status_code == 401
    if way == SSO:
        assert client.post(way).status_code == 401


def test_nothing_of_the_visitors_address_reaches_the_provider(provider: Provider) -> None:
    address = leave(Client(), SSO, auth_params="redirect_uri=https://evil.example", scope="admin")

    assert "evil.example" not in address
    assert "admin" not in address
    assert "code_challenge_method=S256" in address


def test_no_row_holds_a_provider_or_a_secret(provider: Provider) -> None:
    SocialApp.objects.create(provider="openid_connect", provider_id="rogue", client_id="x", name="Rogue")
    client = Client()
    come_back(client)

    assert client.post("/accounts/oidc/rogue/login/").status_code == 404
    stored = [session.get_decoded() for session in Session.objects.all()]
    assert CLIENT_SECRET not in str(stored)
    assert "an-access-token" not in str(stored)


def test_what_is_kept_of_the_provider_is_little(provider: Provider) -> None:
    provider.person |= {"phone_number": "+31 6", "birthdate": "1990-01-01", "name": "Amina D."}
    newcomer(provider)

    kept = SocialAccount.objects.get()
    assert kept.extra_data == {
        "userinfo": {"sub": "subject-1", "preferred_username": "Amina", "name": "Amina D."},
    }
    assert Account.objects.get().display_name == "Amina D."


def test_the_second_factor_is_asked_for_here_too(provider: Provider) -> None:
    newcomer(provider)
    give_app(Account.objects.get())
    client = Client()

    assert come_back(client)["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/mine/").status_code == 302


class TestConnections:
    PAGE = "/accounts/3rdparty/"

    @pytest.mark.usefixtures("provider")
    def test_an_account_can_be_connected_and_disconnected(self) -> None:
        account, client = make_account("amina"), Client()
        client.force_login(account)

        response = come_back(client, SSO, process="connect")
        assert response["Location"].startswith("/accounts/reauthenticate/"), "a stolen session connects nothing"
        client.post("/accounts/reauthenticate/", {"password": "correct-horse-battery"})
        connected = SocialAccount.objects.get()
        assert connected.user == account
        assert "Single sign-on" in client.get(self.PAGE).content.decode()
        client.post(self.PAGE, {"account": connected.pk})

        assert not SocialAccount.objects.exists()

    def test_the_last_way_in_stays(self, provider: Provider) -> None:
        client = newcomer(provider)

        response = client.post(self.PAGE, {"account": SocialAccount.objects.get().pk})

        assert "only way to sign in" in response.content.decode()
        assert SocialAccount.objects.exists()

    def test_nobody_takes_over_what_is_connected_elsewhere(self, provider: Provider) -> None:
        newcomer(provider)
        other, client = make_account("other"), Client()
        client.force_login(other)

        come_back(client, SSO, process="connect")
        client.post("/accounts/reauthenticate/", {"password": "correct-horse-battery"})

        assert SocialAccount.objects.get().user.username == "amina"

    def test_others_connections_are_not_theirs_to_end(self, provider: Provider) -> None:
        newcomer(provider)
        client = Client()
        client.force_login(make_account("other"))

        client.post(self.PAGE, {"account": SocialAccount.objects.get().pk})

        assert SocialAccount.objects.exists()
