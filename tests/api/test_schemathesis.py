"""The document is asked everything that it allows, and more: no fault of ours, and no status that it does not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.urls import reverse
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection

from registry.api.schema import document
from registry.models import Account
from tests.api.client import EVERYTHING, token_for
from tests.factories import make_account
from tests.portal.belongings import Belongings, belongings_of, people
from tests.portal.routes import VISITOR, Data
from tests.portal.routes_api import API_ROWS

pytestmark = [pytest.mark.once, pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
FEW = settings(
    max_examples=2, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
MANY = settings(FEW, max_examples=50)
REFUSALS = ("400", "401", "403", "404", "405", "406", "409", "415", "422", "428", "429")
ROLES = (VISITOR, "account", "reviewer", "operator", "administrator")

AnyCase = Case[Any]
schema = schemathesis.openapi.from_dict(document())
schema.app = get_wsgi_application()
schema.config.update(base_url="http://localhost")
# A body that is too large is refused as that, before anybody looks at what is in it.
schema.config.checks.negative_data_rejection.expected_statuses = [*REFUSALS, "413"]
# A made-up cursor or digest is rightly refused, however well it is formed.
schema.config.checks.positive_data_acceptance.enabled = False


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.UPLOADS_DIR = tmp_path / "uploads"
    # As Django's own test client does: the connection holds the test's transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@dataclass(frozen=True)
class Place:
    """An address, and a request that makes sense there."""

    kwargs: Data
    body: Any
    headers: Data


@dataclass
class Caller:
    """Who asks, the addresses of things that are there by method and route, and what was answered."""

    token: str
    places: Mapping[tuple[str, str], Place]
    statuses: set[int] = field(default_factory=set)
    last: str = ""


@pytest.fixture
def everything() -> Iterator[Caller]:
    """Somebody with every right. Each operation must get past the door, to its own work."""
    account = make_account("everything", groups=["reviewers", "operators", "administrators"])
    caller = Caller(
        token_for(account, *EVERYTHING), places_of(account, reviewed=belongings_of(make_account("stranger")))
    )
    yield caller
    assert any(status < 300 or status == 409 for status in caller.statuses), (caller.statuses, caller.last)


def places_of(account: Account, *, reviewed: Belongings | None = None) -> dict[tuple[str, str], Place]:
    """One's own things by method and route; for reviews another's, if given."""
    own = belongings_of(account)
    found: dict[tuple[str, str], Place] = {}
    for row in API_ROWS:
        thing = reviewed if reviewed is not None and row.needs_others else own
        found.setdefault((row.method, row.route), Place(row.thing(thing), row.data(thing), row.headers))
    return found


def ask(case: AnyCase, caller: Caller) -> None:
    """Send one case and compare the answer with the document; what is there stays as it is."""
    if case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE:
        _lead_to_something(case, caller)
    headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
    with transaction.atomic():
        answer = case.call_and_validate(headers=headers, excluded_checks=_needless_checks(case))
        transaction.set_rollback(True)
    caller.statuses.add(answer.status_code)
    caller.last = case.operation.label


def _needless_checks(case: AnyCase) -> list[Any]:
    """A request that is wrong by its headers may be right once our token stands there."""
    header = case.meta.components.get(ParameterLocation.HEADER) if case.meta else None
    wrong = header is not None and header.mode == GenerationMode.NEGATIVE
    return [negative_data_rejection] if wrong else []


def _lead_to_something(case: AnyCase, caller: Caller) -> None:
    """Numbers made up would name nothing: take those of things that are there, and at first a whole request."""
    for (method, route), place in caller.places.items():
        named = {_renamed(key): value if isinstance(value, int) else str(value) for key, value in place.kwargs.items()}
        if method != case.method or named.keys() != case.path_parameters.keys():
            continue
        if case.operation.path.format(**named) != reverse(route, kwargs=dict(place.kwargs)):
            continue
        case.path_parameters.update(named)
        if not any(status < 300 or status == 409 for status in caller.statuses):
            case.headers.update(place.headers)
            if place.body is not None:
                case.body, case.media_type = place.body, "application/json"


def _renamed(name: str) -> str:
    return "id" if name == "pk" else name


@schema.parametrize()
@FEW
def test_every_operation_does_what_the_document_says(case: AnyCase, everything: Caller) -> None:
    ask(case, everything)


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
@schema.parametrize()
@MANY
def test_every_operation_by_every_role(case: AnyCase, caller: Caller) -> None:
    ask(case, caller)


@pytest.fixture
def caller(role: str) -> Caller:
    """Somebody with one right and a token of all scopes among own things, or a visitor among another's."""
    accounts = people()
    if role == VISITOR:
        return Caller("", places_of(accounts["account"]))
    return Caller(token_for(accounts[role], *EVERYTHING), places_of(accounts[role]))


class Walk(schema.as_state_machine()):  # type: ignore[misc]  # made by the library from the document
    """One answer leads to the next request, as the document's links and its shapes tell."""

    token = ""

    def get_call_kwargs(self, case: AnyCase) -> dict[str, Any]:
        del case
        return {"headers": {"Authorization": f"Bearer {self.token}"}}

    def validate_response(self, response: Any, case: AnyCase, additional_checks: Any = None, **kwargs: Any) -> None:
        # That a token is needed was asked of each operation above; here the check takes ours for a made-up one.
        case.validate_response(
            response, additional_checks=additional_checks, excluded_checks=[ignored_auth], transport_kwargs=kwargs
        )


@pytest.mark.parametrize("steps", [5, pytest.param(50, marks=pytest.mark.long)])
def test_a_walk_through_the_api(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_account("everything", groups=["reviewers", "operators"])
    monkeypatch.setattr(Walk, "token", token_for(account, *EVERYTHING))

    run_state_machine_as_test(Walk, settings=settings(FEW, max_examples=steps, stateful_step_count=6))
