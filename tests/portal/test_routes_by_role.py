"""Everybody is sent everywhere, to their own things and to others', by every method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from django.conf import settings as portal_settings
from django.contrib import admin
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from deployer.models import ImageBuild, Rollout
from registry.models import Account, Event, ModelVersion, Review
from tests.factories import make_account
from tests.portal.belongings import Belongings, Writes, belongings_of, people
from tests.portal.routes import LOGIN, ROLES, VISITOR, Row, Status
from tests.portal.routes import ROWS as CORE
from tests.portal.routes_community import COMMUNITY
from tests.portal.routes_review import REVIEW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
ROWS = (*CORE, *COMMUNITY, *REVIEW)
# A few rows at a time: making everybody's things costs more than asking about them.
CHAPTERS = [ROWS[first : first + 24] for first in range(0, len(ROWS), 24)]
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"
    settings.BACKENDS = {
        **settings.BACKENDS,
        "serving": {"class": "tests.fakes.serving.FakeServingBackend", "options": {}},
    }


def routes(patterns: Sequence[URLPattern | URLResolver], space: str = "", path: str = "") -> Iterator[tuple[str, str]]:
    """(name, address pattern) of every route of the portal."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern.url_patterns, inner, path + str(pattern.pattern))
        else:
            yield f"{space}{pattern.name or ''}", path + str(pattern.pattern)


def all_routes() -> list[tuple[str, str]]:
    return list(routes(get_resolver().url_patterns))


def by_others(name: str, path: str) -> bool:
    """Whether another table has the route: another package's below, the REST API's in `routes_api.py`."""
    if path.lstrip("^").startswith("api/") and name not in {"api:docs", "api:schema", "api:problems"}:
        return True
    allauth = ("account_", "mfa_", "socialaccount_", "usersessions_", "openid_connect_", "mediawiki_")
    return path.startswith(("admin/", "accounts/")) and (name.startswith(("admin:", *allauth)) or is_old_address(path))


def is_old_address(path: str) -> bool:
    """Nameless redirects that allauth keeps for links of long ago."""
    return path.startswith("accounts/social/")


def test_every_route_is_declared() -> None:
    own = {name for name, path in all_routes() if not by_others(name, path)}

    assert own - {row.route for row in ROWS} - {"deployer:serve_unknown"} == set()
    assert {row.route for row in ROWS} - own == set()


def test_an_undeclared_route_would_be_found() -> None:
    new = URLPattern(get_resolver().url_patterns[0].pattern, lambda _request: HttpResponse(), name="backdoor")

    assert [name for name, path in routes([new]) if not by_others(name, path)] == ["backdoor"]


@pytest.mark.once
@pytest.mark.parametrize("rows", CHAPTERS, ids=lambda rows: str(rows[0]))
def test_everybody_gets_what_the_table_says(rows: Sequence[Row]) -> None:
    accounts = people()
    things = {role: belongings_of(account) for role, account in accounts.items()}
    stranger = belongings_of(make_account("stranger"))
    sessions = {role: session_of(account) for role, account in accounts.items()}
    before = stranger.rows()
    expected, found = {}, {}

    for row in rows:
        for method, rule in row.rules.items():
            for role in (VISITOR, *ROLES):
                for own in (False, True) if role != VISITOR else (False,):
                    case = (str(row), method, role, "own" if own else "other's")
                    expected[case] = rule(role, own)
                    thing = things[role] if own else stranger
                    found[case] = answer(row, method, sessions.get(role, ""), thing, before)

    assert found == expected


def session_of(account: Account) -> str:
    """The key of a session in which the account is signed in."""
    client = Client()
    client.force_login(account)
    return str(client.session.session_key)


def answer(row: Row, method: str, session: str, thing: Belongings, before: list[Any]) -> Status:
    """The status of one request, after which everything is as it was `before`."""
    client = Client(raise_request_exception=False)
    if session:
        client.cookies[portal_settings.SESSION_COOKIE_NAME] = session
    address = reverse(row.route, kwargs=dict(row.thing(thing)))
    body = urlencode(row.data(thing), doseq=True)
    writes = Writes()
    with transaction.atomic(), connection.execute_wrapper(writes):
        response = client.generic(method, address, body, FORM, headers=dict(row.headers))
        status = status_of(response)
        if not isinstance(status, int) or status >= 400:
            # A request for a prediction that finds no replica may call for one.
            same = not writes.seen or thing.rows() == before
            assert same or row.route.startswith("deployer:v"), f"{row} was refused, yet changed something"
        transaction.set_rollback(True)
    return status


def status_of(response: Any) -> Status:
    if any(template.name == "errors/signed_out.html" for template in response.templates):
        return LOGIN
    if response.status_code == 302 and response["Location"].startswith(reverse("account_login")):
        return LOGIN
    return int(response.status_code)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_no_page_takes_another_method(method: str) -> None:
    reviewer = make_account("reviewer", groups=["reviewers", "operators", "administrators"])
    own = belongings_of(reviewer)
    client = Client()
    client.force_login(reviewer)

    for row in ROWS:
        if not row.route.startswith("registry:upload"):
            response = client.generic(method, reverse(row.route, kwargs=dict(row.thing(own))))
            assert (str(row), response.status_code) == (str(row), 405)


def test_what_stands_below_serve_and_is_no_resource() -> None:
    assert [Client().get(path).status_code for path in ("/serve/", "/serve/v3/models", "/serve/v2/x")] == [404] * 3


class TestAdmin:
    """Django's admin opens to administrators, whatever flags an account has."""

    NEUTRAL: ClassVar[set[str]] = {"admin:login", "admin:logout", "admin:jsi18n"}
    VALUES: ClassVar[dict[str, str]] = {
        "object_id": "1",
        "id": "1",
        "content_type_id": "1",
        "app_label": "registry",
        "url": "nothing/",
    }

    def addresses(self) -> list[str]:
        pages = []
        for name, path in all_routes():
            if path.startswith("admin/") and name not in self.NEUTRAL | {"admin:"}:
                kwargs = {key: value for key, value in self.VALUES.items() if f":{key}>" in path or f"<{key}>" in path}
                pages.append(reverse(name, kwargs=kwargs))
        return pages

    @pytest.mark.parametrize("role", [VISITOR, "account", "reviewer", "operator", "superuser"])
    def test_nobody_else_enters(self, role: str) -> None:
        accounts = people()
        accounts["superuser"] = make_account("root", is_staff=True, is_superuser=True)
        client = Client()
        if role != VISITOR:
            client.force_login(accounts[role])

        for address in self.addresses():
            for ask in (client.get, client.post):
                response = ask(address)
                assert response.status_code == 302, address
                assert response["Location"].startswith(reverse("admin:login")), address

    def test_administrators_do(self) -> None:
        client = Client()
        client.force_login(people()["administrator"])

        assert client.get(reverse("admin:index")).status_code == 200

    @pytest.mark.parametrize("table", [ModelVersion, Review, ImageBuild, Rollout, Event])
    def test_it_is_no_way_around_the_lifecycle(self, table: type[Any]) -> None:
        """Whoever may administer still cannot write a state, a review or a line of the log."""
        registered = admin.site._registry.get(table)
        if registered is None:
            return  # there is no page at all
        request: Any = type("Request", (), {"user": make_account(is_superuser=True, groups=["administrators"])})()

        assert not registered.has_add_permission(request)
        assert not registered.has_change_permission(request)
        assert not registered.has_delete_permission(request)
