from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry import selectors
from registry.backends import blob_store
from registry.errors import OperatorError, StorageFullError, TransientError, UserError
from registry.models import Account, Event, ModelVersion
from tests.factories import add_file, make_draft, make_model
from tests.registry.scene import approved, in_review, in_state, owner_of, submitted
from tests.registry.views.pages import count_queries, text_of, to

pytestmark = pytest.mark.django_db


def names(response: Any) -> list[str]:
    """The models that a page lists."""
    return [entry.name for entry in response.context["entries"]]


class TestCatalogue:
    @pytest.fixture(autouse=True)
    def _models(self, vera: Account) -> None:
        for name, summary, task in (
            ("article-quality", "How good is an article?", "tabular-classification"),
            ("edit-language", "Which language is it?", "text-classification"),
        ):
            submitted(make_draft(make_model(vera, name, summary=summary, task=task)))
        make_draft(make_model(vera, "secret-quality", summary="Not submitted", task="text-classification"))

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({}, ["edit-language", "article-quality"]),
            ({"q": "quality"}, ["article-quality"]),
            ({"q": "QUALITY vera"}, ["article-quality"]),
            ({"q": "language quality"}, []),
            ({"q": "which"}, ["edit-language"]),
            ({"task": "text-classification"}, ["edit-language"]),
            ({"task": "no-such-task"}, []),
            ({"status": "in_production"}, []),
            ({"status": "submitted", "sort": "name"}, ["article-quality", "edit-language"]),
            ({"q": "qual"}, ["article-quality"]),
            ({"q": "ärticle-quality"}, ["article-quality"]),
            ({"q": "vera/article-quality"}, ["article-quality"]),
            ({"owner": "vera", "licence": "MIT", "sort": "newest"}, ["edit-language", "article-quality"]),
            ({"owner": "nobody"}, []),
            ({"q": "language AND NOT quality"}, []),
            ({"q": '"*) OR 1=1 --'}, []),
            ({"sort": "no-such-order"}, ["edit-language", "article-quality"]),
            ({"q": "%"}, []),
            ({"q": "'; DROP TABLE"}, []),
            ({"q": "x" * 5000}, []),
            ({"q": " ".join("abcdefghijkl")}, []),
            ({"page": "99"}, ["edit-language", "article-quality"]),
            ({"page": "minus one"}, ["edit-language", "article-quality"]),
        ],
    )
    def test_what_is_found(self, query: dict[str, str], found: list[str]) -> None:
        answer = Client().get(to("catalogue"), query)

        assert answer.status_code == 200
        assert names(answer) == found

    @pytest.mark.parametrize(
        ("route", "field"), [("catalogue", "q"), ("catalogue", "task"), ("catalogue", "page"), ("event_log", "tag")]
    )
    def test_a_null_byte_in_an_address_is_no_fault_of_ours(self, route: str, field: str) -> None:
        assert Client().get(to(route), {field: "qual\x00ity"}).status_code == 200

    def test_home_counts_what_is_public(self) -> None:
        figures = Client().get(to("home")).context["figures"]

        assert (figures.models, figures.contributors, figures.live, figures.in_review) == (2, 1, 0, 0)

    @pytest.mark.parametrize("route", ["home", "catalogue"])
    def test_a_longer_list_costs_no_more_queries(self, route: str, vera: Account) -> None:
        before = count_queries(Client(), to(route))
        for number in range(4):
            submitted(make_draft(make_model(vera, f"model-{number}")))

        assert count_queries(Client(), to(route)) == before


class TestLog:
    def test_it_is_newest_first_and_filtered_by_what_happened(self) -> None:
        in_review()

        everything = Client().get(to("event_log"))
        one = Client().get(to("event_log"), {"tag": "version:submitted"})

        tags = [event.tag for event in everything.context["page"].events]
        assert tags == ["version:in_review", "version:submitted"]
        assert [event.tag for event in one.context["page"].events] == ["version:submitted"]

    def test_the_filter_names_what_happened_in_words(self) -> None:
        in_review()

        assert ("version:submitted", "Submitted version … for checking") in Client().get(to("event_log")).context[
            "tags"
        ]

    def test_every_line_has_an_address_that_stays(self) -> None:
        version = in_state("withdrawn")

        events = Event.objects.filter(public=True)
        assert events
        for event in events:
            page = Client().get(to("event", event.pk))
            assert page.status_code == 200
            assert str(version.registered_model) in text_of(page)

    def test_times_of_the_future_or_long_ago_break_nothing(self) -> None:
        in_review()
        for days in (-100_000, 100_000):
            Event.objects.update(at=timezone.now() + timedelta(days=days))
            assert Client().get(to("event_log")).status_code == 200

    def test_a_longer_log_costs_no_more_queries(self) -> None:
        in_review()
        before = count_queries(Client(), to("event_log"))
        for _ in range(3):
            in_review()

        assert count_queries(Client(), to("event_log")) == before


NASTY_NAMES = [
    "model.html", "page.svg", "run.js", "a b.json", "ü.json", "\u202egnp.json", "a;b.json", 'a"b.json', "a\\b.json",
    "a%0d%0aX-Evil: 1.json", "con.json", "x" * 180 + ".json",
]  # fmt: skip


class TestDownload:
    """Row 39: whatever is uploaded comes back as an inert attachment."""

    @pytest.mark.parametrize("name", NASTY_NAMES)
    def test_it_is_inert_whatever_its_name(self, name: str) -> None:
        version = approved()
        file = add_file(version, f"folder/{name}", b"<script>alert(1)</script>")

        answer = Client().get(to("file", version.pk, file.pk))

        assert b"".join(answer) == b"<script>alert(1)</script>"
        assert answer["Content-Disposition"].startswith("attachment;")
        assert "\n" not in answer["Content-Disposition"]
        assert "folder/" not in answer["Content-Disposition"]
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"].startswith("sandbox")
        assert answer["ETag"] == f'"{file.blob_id}"'
        assert answer["Content-Length"] == "25"

    def test_bytes_that_are_gone_are_told_in_words(self) -> None:
        version = approved()
        file = version.files.get()
        blob_store().delete(file.blob_id)

        answer = Client().get(to("file", version.pk, file.pk))

        assert answer.status_code == 404
        assert "Traceback" not in text_of(answer)


class TestErrors:
    """An error page has words and an id, never a traceback."""

    @pytest.fixture
    def broken(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        def break_with(error: Exception) -> Any:
            def fail(**_arguments: Any) -> None:
                raise error

            monkeypatch.setattr(selectors, "event_by_id", lambda _pk: fail())
            return Client(raise_request_exception=False)

        return break_with

    @pytest.mark.parametrize(
        ("error", "status", "title"),
        [
            (UserError("file.unknown", path="a"), 400, "There is no such file in this version."),
            (OperatorError("job.unexpected", job_id=3), 500, "The portal failed at this step."),
            (StorageFullError("storage.full"), 507, ""),
            (TransientError("upload.bytes_missing"), 503, ""),
            (UserError("no.such_code"), 400, "Something went wrong."),
        ],
    )
    def test_an_expected_one(self, broken: Any, error: Any, status: int, title: str) -> None:
        answer = broken(error).get(to("event", 1), headers={"accept": "text/html"})

        text = text_of(answer)
        assert answer.status_code == status
        assert title in text
        assert error.code in text
        assert answer["X-Request-Id"] in text
        assert "Traceback" not in text

    def test_an_expected_one_for_a_program(self, broken: Any) -> None:
        answer = broken(UserError("file.unknown", field="files")).get(
            to("event", 1), headers={"accept": "application/json"}
        )

        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json() == {
            "type": "about:blank",
            "status": 400,
            "request_id": answer["X-Request-Id"],
            "code": "file.unknown",
            "title": "There is no such file in this version.",
            "detail": "It may have been removed meanwhile.",
            "field": "files",
        }

    def test_an_unexpected_one_tells_nothing_of_itself(self, broken: Any) -> None:
        answer = broken(ValueError("secret detail of a table")).get(to("event", 1))

        text = text_of(answer)
        assert answer.status_code == 500
        assert answer["X-Request-Id"] in text
        assert "secret" not in text
        assert "Traceback" not in text

    def test_an_address_that_leads_nowhere(self) -> None:
        answer = Client().get("/no/such/page/")

        assert answer.status_code == 404
        assert "Traceback" not in text_of(answer)
        assert answer["X-Request-Id"]


def test_another_s_open_draft_is_nowhere_to_be_seen(vera: Account) -> None:
    """Neither in lists, nor in counts, nor in the log, nor on the model's page."""
    first = approved(make_draft(make_model(vera, "iris")))
    draft = make_draft(first.registered_model, card_source="# Unpublished thoughts")
    hidden = make_draft(make_model(vera, "hidden-name"))
    pages = [to("home"), to("catalogue"), to("event_log"), to("model", vera.username, "iris")]

    for page in pages:
        text = text_of(Client().get(page))
        assert "hidden-name" not in text
        assert "Unpublished" not in text
        assert f"versions/{draft.number}/" not in text
    for version in (draft, hidden):
        model = version.registered_model
        assert Client().get(to("version", vera.username, model.name, version.number)).status_code == 404
    assert ModelVersion.objects.count() == 3
    assert owner_of(draft) == vera
