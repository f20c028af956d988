"""Passwords, addresses and sessions of one's own account."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.utils.html import escape

from registry.errors import UnauthenticatedError
from registry.models import Account, ApiToken, Event
from registry.services import create_token, use_token
from tests.factories import PASSWORD, make_account
from tests.registry.sign_in.people import give_app, sign_in

pytestmark = pytest.mark.django_db
NEW = {"username": "amina", "email": "amina@example.org", "password1": PASSWORD, "password2": PASSWORD}
CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
SECURITY, SESSIONS = "/account/security/", "/accounts/sessions/"


def link_in_mail() -> str:
    (found,) = re.findall(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
    return str(found)


class TestConfirmation:
    def test_optional_lets_people_begin_at_once(self) -> None:
        client = Client()
        assert client.post("/accounts/signup/", NEW)["Location"] == "/mine/"
        assert client.get("/mine/").status_code == 200

        assert "Hello from Model Commons!" in mail.outbox[-1].body
        client.post(link_in_mail())

        assert EmailAddress.objects.get().verified

    def test_mandatory_lets_nobody_in_before(self, settings: Any) -> None:
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        settings.ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
        client = Client()
        assert client.post("/accounts/signup/", {**NEW, "email": ""}).status_code == 200
        assert client.post("/accounts/signup/", NEW)["Location"] == "/accounts/confirm-email/"
        assert client.get("/mine/").status_code == 302

        client.post(link_in_mail())

        assert sign_in(Client(), Account.objects.get()) == "/mine/"

    def test_none_asks_for_nothing(self, settings: Any) -> None:
        settings.ACCOUNT_EMAIL_VERIFICATION = "none"
        Client().post("/accounts/signup/", NEW)
        assert mail.outbox == []

    def test_a_mail_server_that_is_away_undoes_nothing(self, settings: Any) -> None:
        settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
        settings.EMAIL_HOST = "127.0.0.1"
        client = Client()

        response = client.post("/accounts/signup/", NEW, follow=True)

        assert response.status_code == 200
        assert "could not be sent" in response.content.decode()
        assert Account.objects.get().username == "amina"


def test_a_known_address_is_not_told_apart_by_the_reset_form() -> None:
    account = make_account("amina", email="amina@example.org")
    EmailAddress.objects.create(user=account, email="amina@example.org", verified=True, primary=True)

    answers = [
        Client().post("/accounts/password/reset/", {"email": address}) for address in (account.email, "no@example.org")
    ]

    assert len({(answer.status_code, answer["Location"]) for answer in answers}) == 1


@pytest.mark.parametrize("host", ["testserver:4999", "127.0.0.1:8081", "localhost"])
def test_links_in_mail_begin_with_the_public_address(settings: Any, host: str) -> None:
    settings.SITE_URL = "https://models.example.org"
    there = {"host": host}

    Client().post("/accounts/signup/", NEW, headers=there)
    Client().post("/accounts/password/reset/", {"email": NEW["email"]}, headers=there)
    Client().post("/accounts/password/reset/", {"email": "nobody@example.org"}, headers=there)

    links = [re.findall(r"https?://\S+", str(message.body)) for message in mail.outbox]
    assert len(links) == 3
    assert all(link.startswith("https://models.example.org/accounts/") for found in links for link in found), links
    assert not any(host in str(message.body) for message in mail.outbox)


def test_a_password_replaced_by_mail_forgets_the_wrong_tries() -> None:
    account = make_account("amina", email="amina@example.org")
    EmailAddress.objects.create(user=account, email="amina@example.org", verified=True, primary=True)
    client, fresh = Client(), "another-horse-battery"
    _token, secret = create_token(actor=account, name="bot", scopes=[], lifetime=timedelta(days=1))
    for _ in range(6):
        sign_in(client, account, "wrong")
    assert sign_in(client, account) == "", "the right password is refused too"

    client.post("/accounts/password/reset/", {"email": "amina@example.org"})
    link = link_in_mail()
    form = client.get(link, follow=True)
    assert "revokes all your API tokens" in form.content.decode()
    assert named_to_password_managers(form) == ["amina"]
    client.post(form.redirect_chain[-1][0], {"password1": fresh, "password2": fresh})

    assert sign_in(Client(), account, fresh) == "/mine/"
    with pytest.raises(UnauthenticatedError):
        use_token(secret=secret)
    assert "All API tokens of the account were revoked" in mail.outbox[-1].body
    assert "revokes all" not in Client().get(link, follow=True).content.decode(), "the link is used up"


def named_to_password_managers(page: Any) -> list[str]:
    return re.findall(r'autocomplete="username"\s+value="(.*?)"\s+readonly\s+hidden', page.content.decode())


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/accounts/password/change/", ["amina"]),
        ("/accounts/reauthenticate/", ["amina"]),
        ("/accounts/email/", []),
    ],
)
def test_a_password_manager_learns_whose_password_it_is(path: str, names: list[str]) -> None:
    client = Client()
    sign_in(client, make_account("amina"))

    assert named_to_password_managers(client.get(path)) == names


class TestSessions:
    def test_each_browser_is_listed_and_the_others_can_be_ended(self) -> None:
        account = make_account("amina")
        laptop, phone = Client(headers={"user-agent": "Laptop"}), Client(headers={"user-agent": "<b>Phone</b>"})
        for client in (laptop, phone):
            assert sign_in(client, account) == "/mine/"

        page = laptop.get(SESSIONS).content.decode()
        assert "Laptop" in page
        assert "&lt;b&gt;Phone&lt;/b&gt;" in page
        assert page.count("This browser") == 1
        laptop.post(SESSIONS)

        assert laptop.get("/mine/").status_code == 200
        assert phone.get("/mine/").status_code == 302

    def test_a_new_password_ends_the_other_sessions_and_all_tokens(self) -> None:
        account, laptop, phone = make_account("amina"), Client(), Client()
        for client in (laptop, phone):
            sign_in(client, account)
        fresh = "another-horse-battery"

        for name in ("bot", "notebook"):
            create_token(actor=account, name=name, scopes=[], lifetime=timedelta(days=1))
        create_token(actor=make_account("other"), name="theirs", scopes=[], lifetime=timedelta(days=1))

        page = laptop.get("/accounts/password/change/").content.decode()
        assert "revokes all your API tokens" in page
        assert page.index("revokes all your API tokens") < page.index('class="form-actions"'), "read before it is done"
        form = {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh}
        assert laptop.post("/accounts/password/change/", form)["Location"] == SECURITY
        assert "2 API tokens were revoked." in laptop.get(SECURITY).content.decode()
        assert [token.name for token in ApiToken.objects.filter(revoked_at=None)] == ["theirs"]
        assert Event.objects.filter(tag="token:revoked", actor=account, public=False).count() == 2

        assert laptop.get("/mine/").status_code == 200
        assert phone.get("/mine/").status_code == 302

    def test_nobody_ends_the_sessions_of_others(self) -> None:
        amina, other = Client(), Client()
        sign_in(amina, make_account("amina"))
        sign_in(other, make_account("other"))

        other.post(SESSIONS)

        assert amina.get("/mine/").status_code == 200

    @pytest.mark.parametrize(
        ("header", "words"),
        [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (f"{CHROME.format('Windows NT 10.0; Win64; x64')} Edg/140.0.0.0", "Edge on Windows"),
            (CHROME.format("Linux; Android 10; K"), "Chrome on Android"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1", "Safari on iOS"),
            ("curl/8.5.0", "curl"),
            ("<b>x</b>", "Unknown browser"),
        ],
    )
    def test_a_browser_is_named_in_words(self, header: str, words: str) -> None:
        client = Client(headers={"User-Agent": header})
        sign_in(client, make_account("amina"))
        client.get(SECURITY)

        page = client.get(SESSIONS).content.decode()

        assert f"<summary>{words}</summary>" in page
        assert f'<code class="subtle" dir="ltr">{escape(header)}</code>' in page

    def test_when_it_was_last_seen_is_written_now_and_then_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        client, account = Client(), make_account("amina")
        sign_in(client, account)
        first = UserSession.objects.get().last_seen_at
        client.get("/mine/")
        assert UserSession.objects.get().last_seen_at == first

        from registry.sign_in import middleware

        monkeypatch.setattr(middleware, "EVERY_SECONDS", 0)
        client.get("/mine/")

        assert UserSession.objects.get().last_seen_at > first


class TestOverview:
    def test_what_is_missing_is_said(self) -> None:
        client = Client()
        client.force_login(make_account("amina"))

        page = client.get(SECURITY).content.decode()

        assert "A stolen password is enough" in page
        assert "a forgotten password cannot be replaced" in page
        for link in ("/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", SESSIONS, "/account/tokens/"):
            assert f'href="{link}"' in page

    def test_what_is_there_is_counted(self, django_assert_max_num_queries: Any) -> None:
        client, account = Client(), make_account("amina")
        give_app(account)
        EmailAddress.objects.create(user=account, email="a@example.org", verified=True, primary=True)
        EmailAddress.objects.create(user=account, email="b@example.org")
        client.force_login(account)

        with django_assert_max_num_queries(14):
            page = " ".join(client.get(SECURITY).content.decode().split())

        assert "1 confirmed address." in page
        assert "1 is not confirmed yet." in page
        assert "Authenticator app" in page


@pytest.mark.parametrize("name", ["Amina", "a", "-a", "a--b", "a_b", "admin", "AMINA", "a" * 40, "ليلى", "a/b"])
def test_names_that_could_not_stand_in_an_address_are_refused(name: str) -> None:
    make_account("amina")

    response = Client().post("/accounts/signup/", {**NEW, "username": name})

    assert response.context["form"].errors["username"]
    assert Account.objects.count() == 1
