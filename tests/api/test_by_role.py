"""Everybody calls every operation of the API, on their own things and on others', by token and by session."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from registry.api.schema import document
from registry.models import Account
from tests.api.client import ApiClient, token_for
from tests.factories import make_account
from tests.portal.api_rules import EVERY, ApiRow
from tests.portal.belongings import Belongings, Writes, belongings_of, people
from tests.portal.routes import ROLES, VISITOR, Status
from tests.portal.routes_api import API_ROWS
from tests.portal.test_routes_by_role import all_routes

pytestmark = [pytest.mark.once, pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
# A few rows at a time: making everybody's things costs more than asking about them.
CHAPTERS = [API_ROWS[first : first + 24] for first in range(0, len(API_ROWS), 24)]


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"


def api_routes() -> set[str]:
    names = {name for name, path in all_routes() if path.lstrip("^").startswith("api/")}
    return names - {"api:docs", "api:schema", "api:problems", "api_unknown"}


def test_every_operation_is_declared() -> None:
    documented = {(method.upper(), path) for path, operations in document()["paths"].items() for method in operations}
    declared = {(row.method, row.route) for row in API_ROWS}

    assert {route for _method, route in declared} == api_routes()
    assert len(documented) == len(declared)


@pytest.mark.parametrize("rows", CHAPTERS, ids=lambda rows: str(rows[0]))
def test_everybody_gets_what_the_table_says(rows: Sequence[ApiRow]) -> None:
    accounts = people()
    things = {role: belongings_of(account) for role, account in accounts.items()}
    stranger = belongings_of(make_account("stranger"))
    programs = {role: ApiClient(token_for(account, *EVERY)) for role, account in accounts.items()}
    before = stranger.rows()
    expected, found = {}, {}

    for row in rows:
        for role in (VISITOR, *ROLES):
            for own in (False, True) if role != VISITOR else (False,):
                thing = things[role] if own else stranger
                # Both doors lead to the same predicates: one who signed in shows that the session's is open as well.
                for door in ("token", "session") if role == "account" else ("token",):
                    case = (str(row), role, "own" if own else "other's", door)
                    program = programs.get(role, ApiClient())
                    account = accounts.get(role)
                    expected[case] = row.rule(role, own)
                    by_door = (
                        by_token(row, program, thing, before) if door == "token" else by_session(row, account, thing)
                    )
                    found[case] = by_door

    assert found == expected


@pytest.mark.parametrize("rows", CHAPTERS, ids=lambda rows: str(rows[0]))
def test_a_token_reaches_as_far_as_its_scopes(rows: Sequence[ApiRow]) -> None:
    account = make_account("everything", groups=["reviewers", "operators", "administrators"])
    own, other = belongings_of(account), belongings_of(make_account("stranger"))
    programs = {scope: ApiClient(token_for(account, scope)) for scope in EVERY}
    before = own.rows()
    expected, found = {}, {}

    for row in rows:
        thing = other if row.needs_others else own
        for scope in EVERY:
            allowed = with_every_right(row, own=thing is own)
            expected[str(row), scope] = allowed if not row.scopes or scope in row.scopes else 403
            found[str(row), scope] = by_token(row, programs[scope], thing, before)

    assert found == expected


def test_an_operator_s_token_without_the_scope_is_a_volunteer_s() -> None:
    """The scope of one right must not open what another right would."""
    operator = make_account("operator", groups=["operators"])
    stranger = belongings_of(make_account("stranger"))
    program = ApiClient(token_for(operator, "submit"))
    before = stranger.rows()

    for row in API_ROWS:
        if row.scopes == ("submit", "operate") and not row.case:
            assert (str(row), by_token(row, program, stranger, before)) == (str(row), 403)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused_with_those_that_are_taken(method: str) -> None:
    account = make_account("everything", groups=["reviewers", "operators", "administrators"])
    own, program = belongings_of(account), ApiClient(token_for(account, *EVERY))
    taken: dict[str, set[str]] = {}
    for row in API_ROWS:
        taken.setdefault(row.route, set()).add(row.method)

    for row in API_ROWS:
        if method not in taken[row.route]:
            answer = program.ask(method, reverse(row.route, kwargs=dict(row.thing(own))), {})
            assert (str(row), answer.status_code) == (str(row), 405)
            assert set(answer["Allow"].split(", ")) == taken[row.route]
            assert answer["Content-Type"] == "application/problem+json"


def with_every_right(row: ApiRow, *, own: bool) -> Status:
    """What somebody gets who has all the roles at once."""
    statuses = [row.rule(role, own) for role in ROLES]
    return next((status for status in statuses if status not in {401, 403, 404}), statuses[0])


def by_token(row: ApiRow, program: ApiClient, thing: Belongings, before: list[Any]) -> int:
    """The status of one request, after which everything is as it was `before`."""
    address = reverse(row.route, kwargs=dict(row.thing(thing)))
    writes = Writes()
    with transaction.atomic(), connection.execute_wrapper(writes):
        headers: dict[str, Any] = {name.replace("-", "_"): value for name, value in row.headers.items()}
        answer = program.ask(row.method, address, row.data(thing), **headers)
        status = int(answer.status_code)
        if status >= 400:
            assert answer["Content-Type"] == "application/problem+json"
            assert not writes.seen or thing.rows() == before, "a refused request changed something"
        transaction.set_rollback(True)
    return status


def by_session(row: ApiRow, account: Account | None, thing: Belongings) -> int:
    client = Client(raise_request_exception=False)
    data, address = row.data(thing), reverse(row.route, kwargs=dict(row.thing(thing)))
    body = b"" if data is None else json.dumps(data).encode()
    with transaction.atomic():
        if account is not None:
            client.force_login(account)
        kind = "application/json" if body else ""
        status = client.generic(row.method, address, body, kind, headers=dict(row.headers)).status_code
        transaction.set_rollback(True)
    return int(status)
