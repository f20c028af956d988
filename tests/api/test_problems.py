"""Every refusal is a problem that says who can mend what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from registry.api import throttling
from registry.models import Account, RegisteredModel
from tests.api.client import ApiClient, client_of
from tests.factories import make_account

pytestmark = pytest.mark.django_db
NEW = b'{"name": "iris", "summary": "Petals", "task": "other"}'
FIELDS = {"type", "title", "status", "detail", "code", "field", "errors", "advice", "request_id"}


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content
    body: dict[str, Any] = answer.json()
    assert set(body) == FIELDS
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].endswith(f"/api/v1/problems/#{code.replace('.', '-')}")
    assert body["request_id"] == answer["X-Request-Id"]
    assert body["title"]
    return body


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/models", "/api/", "/api/v2/models/"])
def test_an_unknown_address(api: ApiClient, path: str) -> None:
    for method in ("GET", "POST"):
        assert "slash" in problem(api.ask(method, path), 404, "api.unknown_address")["detail"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "api.invalid"),
        (b"{", "api.json"),
        (b"\xff{}", "api.json"),
        (b"\xef\xbb\xbf{}", "api.json"),
        (b'{"name": "a", "name": "b"}', "api.json"),
        (b'{"name": ' * 100_000, "api.json"),
        (b'{"name": ' + b"[" * 30 + b"]" * 30 + b"}", "api.json"),
        (b'{"name": NaN}', "api.json_value"),
        (b'{"name": 1e999}', "api.json_value"),
        (b'{"name": 18446744073709551616}', "api.json_value"),
        (b'{"name": ' + b"9" * 5000 + b"}", "api.json"),
        (b'{"name": "a\\u0000"}', "api.json_value"),
        (b'{"na\\u0000me": 1}', "api.json_value"),
        (b'{"name": "\\ud800"}', "api.json_value"),
        (b"[]", "api.invalid"),
        (b"7", "api.invalid"),
        (b'"text"', "api.invalid"),
        (b"null", "api.invalid"),
        (b'{"name": 5, "summary": true, "task": ["other"]}', "api.invalid"),
        (b'{"name": "iris"}', "api.invalid"),
    ],
)
def test_a_body_that_cannot_be_used(api: ApiClient, raw: bytes, code: str) -> None:
    large = len(raw) > 128 * 1024
    answer = api.ask("POST", "models/", raw=raw, Content_Type="application/json")

    problem(answer, 413 if large else 400, "api.too_large" if large else code)
    assert not RegisteredModel.objects.exists()


def test_each_field_at_fault_is_named(api: ApiClient) -> None:
    body = problem(
        api.post("models/", {"name": "iris", "summary": "", "task": "cooking", "colour": "red"}), 400, "api.invalid"
    )
    assert [(error["field"], error["code"]) for error in body["errors"]] == [("colour", "unknown")]
    assert body["field"] == "colour"

    body = problem(api.post("models/", {"name": "iris", "summary": "", "task": "cooking"}), 400, "api.invalid")
    assert {(error["field"], error["code"]) for error in body["errors"]} == {
        ("summary", "blank"),
        ("task", "invalid_choice"),
    }


def test_a_refusal_of_a_service_keeps_its_code_and_field(api: ApiClient) -> None:
    body = problem(api.post("models/", {"name": "No-Name", "summary": "x", "task": "other"}), 400, "model.bad_name")
    assert body["field"] == "name"
    assert api.ask("POST", "models/", raw=NEW).status_code == 201
    problem(api.ask("POST", "models/", raw=NEW), 409, "model.name_taken")


def test_what_is_neither_sent_nor_accepted_as_json(api: ApiClient) -> None:
    problem(api.ask("POST", "models/", raw=b"name=iris", Content_Type="text/plain"), 415, "api.media_type")
    form = "application/x-www-form-urlencoded"
    problem(api.ask("POST", "models/", raw=b"name=iris", Content_Type=form), 415, "api.media_type")
    problem(api.get("models/", Accept="text/html"), 406, "api.not_acceptable")
    assert api.get("models/", Accept="text/html,*/*;q=0.8").status_code == 200
    assert api.get("models/?format=xml").json()["items"] == [], "a model's format, not the answer's"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=many", "cursor=%00", "live=maybe", "q=a%00b", "colour=red", "task=cooking"]
)
def test_a_query_that_means_nothing(api: ApiClient, query: str) -> None:
    assert api.get(f"models/?{query}").status_code == 400


def test_searching_for_a_number_or_a_truth_value(api: ApiClient) -> None:
    assert [api.get(f"models/?q={word}").status_code for word in ("2024", "true", "-1")] == [200, 200, 200]


def test_numbers_that_no_database_holds(api: ApiClient) -> None:
    for path in (f"versions/{'9' * 40}/", f"events/{2**63}/", f"builds/{2**64}/"):
        assert api.get(path).status_code == 404


class TestWhoAsks:
    def test_a_bad_token_is_refused_even_where_none_is_needed(self) -> None:
        answer = ApiClient("mcpat_nonsense").get("models/")
        problem(answer, 401, "token.malformed")
        assert answer["WWW-Authenticate"].startswith("Bearer ")

    def test_a_visitor_is_asked_for_a_token(self) -> None:
        problem(ApiClient().get("me/"), 401, "api.sign_in")
        problem(ApiClient().get("models/?mine=true"), 401, "api.sign_in")

    def test_a_session_reads_and_writes_with_a_csrf_token_only(self, ada: Account) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(ada)
        browser.get(reverse("registry:tokens"))
        csrf = browser.cookies["csrftoken"].value
        post = {"path": "/api/v1/models/", "data": NEW, "content_type": "application/json"}

        assert browser.get("/api/v1/me/").json()["token"] is None
        problem(browser.post(**post), 403, "api.csrf")  # type: ignore[arg-type]  # spread
        assert browser.post(**post, headers={"X-CSRFToken": csrf}).status_code == 201  # type: ignore[arg-type]  # spread

    def test_a_token_in_the_address_is_no_token(self, api: ApiClient) -> None:
        assert ApiClient().get(f"me/?access_token={api.token}").status_code == 401

    def test_rights_are_told_as_the_token_narrows_them(self, ada: Account) -> None:
        told = client_of(ada, "read").get("me/").json()
        assert told["rights"] == {"submit": False, "review": False, "operate": False, "administer": False}
        assert told["token"]["scopes"] == ["read"]

    def test_nothing_is_left_in_a_cache(self, api: ApiClient) -> None:
        answer = api.get("me/")
        assert answer["Cache-Control"] == "no-store"
        assert "Authorization" in answer["Vary"]


def test_addresses_are_those_that_the_world_knows(api: ApiClient, settings: Any) -> None:
    settings.SITE_URL = "https://models.example.org"

    made = api.ask("POST", "models/", raw=NEW)

    assert made["Location"].startswith("https://models.example.org/api/v1/versions/")
    assert made.json()["page_url"].startswith("https://models.example.org/models/ada/iris/")
    assert api.get("nothing/").json()["type"].startswith("https://models.example.org/api/v1/problems/#")


@pytest.mark.usefixtures("standing_clock")
class TestRates:
    @pytest.fixture(autouse=True)
    def _fresh(self) -> Iterator[None]:
        throttling.forget()
        yield
        throttling.forget()

    def test_beyond_the_rate_is_a_wait(self, settings: Any, ada: Account) -> None:
        settings.API_RATES = {"address": "3/hour", "account": "5/hour", "token": "3/hour"}
        first, second, visitor = client_of(ada), client_of(ada), ApiClient()

        assert [first.get("models/").status_code for _ in range(4)] == [200, 200, 200, 429]
        assert [second.get("models/").status_code for _ in range(2)] == [200, 429], "the account's own rate"
        assert [visitor.get("models/").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = visitor.get("models/")
        problem(refused, 429, "api.throttled")
        assert 0 < int(refused["Retry-After"]) <= 3600

    def test_processes_share_their_counts(self, settings: Any, ada: Account) -> None:
        settings.API_RATES = {**settings.API_RATES, "token": "4/hour"}
        program = client_of(ada)

        answers = []
        for _ in range(5):
            answers.append(program.get("models/").status_code)
            throttling.forget()  # the next request meets another process

        assert answers == [200, 200, 200, 200, 429]

    def test_a_busy_program_costs_few_writes(self, settings: Any, ada: Account) -> None:
        settings.API_RATES = {**settings.API_RATES, "token": "1000/hour", "account": "1000/hour"}
        program = client_of(ada)
        program.get("events/")

        with CaptureQueriesContext(connection) as asked:
            for _ in range(10):
                program.get("events/")

        assert len(asked) <= 10 * 3

    def test_guessing_tokens_is_counted(self, settings: Any) -> None:
        settings.API_RATES = {**settings.API_RATES, "address": "2/hour"}
        guesser = ApiClient("mcpat_" + "0" * 49)

        assert [guesser.get("models/").status_code for _ in range(3)] == [401, 401, 429]


def test_a_fault_of_ours_is_a_problem_without_its_insides(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_given: object) -> None:
        raise RuntimeError("the innermost secret")

    monkeypatch.setattr("registry.services.register_model", broken)

    answer = api.ask("POST", "models/", raw=NEW)

    body = problem(answer, 500, "api.server_error")
    assert "innermost" not in str(body)
    assert "the innermost secret" in caplog.text, "the operator finds it"


def test_a_problem_s_type_leads_to_its_explanation(api: ApiClient) -> None:
    address, _hash, anchor = api.get("nothing/").json()["type"].partition("#")

    page = Client().get(address).content.decode()

    assert f'id="{anchor}"' in page
    assert "api.unknown_address" in page


def test_an_inactive_account_is_refused_at_once(api: ApiClient, ada: Account) -> None:
    assert api.get("me/").status_code == 200
    Account.objects.filter(pk=ada.pk).update(is_active=False)
    problem(api.get("me/"), 401, "token.inactive_account")
    assert make_account().is_active
