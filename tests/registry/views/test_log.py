"""The public log: filters, stretches and feeds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from registry.events import record_event
from registry.models import Event
from registry.views.log import PAGE
from tests.factories import make_account, make_draft, make_model
from tests.registry.views.pages import text_of, to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def events() -> list[Event]:
    """Of two models and two people, on three days, oldest first."""
    vera, rita = make_account("vera"), make_account("rita")
    iris = make_draft(make_model(vera, "iris"))
    stone = make_draft(make_model(vera, "stone"))
    made = [
        record_event(tag="version:submitted", subject="version:1", actor=vera, version=iris),
        record_event(tag="version:rejected", subject="version:2", actor=rita, version=stone, reason="Bad \x0b <b>"),
        record_event(tag="rollout:ready", subject="rollout:1", actor=None, version=iris),
        record_event(tag="model:registered", subject="model:1", actor=vera, version=iris, public=False),
    ]
    for day, event in enumerate(made):
        Event.objects.filter(pk=event.pk).update(at=datetime(2026, 3, 1 + day, 12, tzinfo=UTC))
    return made


def seen(query: dict[str, Any]) -> list[str]:
    page = Client().get(to("event_log"), query).context["page"]
    return [event.tag for event in page.events]


ALL = ["rollout:ready", "version:rejected", "version:submitted"]


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize(
    ("query", "tags"),
    [
        ({}, ALL),
        ({"tag": "version:"}, ALL[1:]),
        ({"tag": "version:rejected"}, ["version:rejected"]),
        ({"tag": "nothing:"}, []),
        ({"tag": "model:registered"}, []),
        ({"model": "vera/iris"}, ["rollout:ready", "version:submitted"]),
        ({"model": "stone"}, ["version:rejected"]),
        ({"model": "rita/iris"}, []),
        ({"model": "vera/"}, ALL),
        ({"model": "rita/"}, []),
        ({"actor": "rita"}, ["version:rejected"]),
        ({"actor": "nobody"}, []),
        ({"since": "2026-03-02"}, ALL[:2]),
        ({"until": "2026-03-02"}, ALL[1:]),
        ({"since": "2026-03-02", "until": "2026-03-02"}, ["version:rejected"]),
        ({"since": "2027-01-01"}, []),
        ({"until": "2020-01-01"}, []),
        ({"since": "yesterday", "until": "9999-12-31"}, ALL),
        ({"since": "0001-01-01", "until": "31.12.2026"}, ALL),
        ({"actor": "vera", "tag": "version:", "model": "vera/iris", "since": "2026-03-01"}, ["version:submitted"]),
        ({"before": "x", "after": "-1"}, ALL),
        ({"before": "9" * 40}, ALL),
        ({"after": "9" * 40}, []),
        ({"before": "0"}, []),
        ({"tag": "\x00", "model": "'; --", "actor": "%"}, []),
    ],
)
def test_what_the_address_asks_for(query: dict[str, Any], tags: list[str]) -> None:
    assert seen(query) == tags


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("few", [0, 1, 500])
def test_a_group_of_kinds_is_the_same_however_many_there_are(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.selectors.log._FEW", few)

    assert seen({"tag": "version:"}) == ALL[1:]
    assert seen({"tag": "version:", "actor": "rita"}) == ALL[1:2]
    assert seen({"tag": "report:"}) == []


def test_the_log_is_read_in_stretches_forth_and_back() -> None:
    ids = [record_event(tag="version:submitted", subject=f"version:{n}", actor=None).pk for n in range(2 * PAGE + 5)]

    def stretch(query: dict[str, Any]) -> Any:
        return Client().get(to("event_log"), query).context["page"]

    first = stretch({})
    second = stretch({"before": first.older})
    third = stretch({"before": second.older})
    back = stretch({"after": third.newer})
    top = stretch({"after": back.newer})

    assert [event.pk for page in (first, second, third) for event in page.events] == ids[::-1]
    assert (first.newer, third.older) == (None, None)
    assert [event.pk for event in back.events] == [event.pk for event in second.events]
    assert [event.pk for event in top.events] == [event.pk for event in first.events]
    assert top.newer is None


def test_a_stretch_costs_the_same_wherever_it_lies() -> None:
    made = [record_event(tag="version:submitted", subject="version:1", actor=None).pk for _ in range(2 * PAGE)]
    counts = []
    for query in ({"before": made[PAGE + 5]}, {"before": made[-1]}):
        with CaptureQueriesContext(connection) as queries:
            Client().get(to("event_log"), query)
        counts.append(len(queries))

    assert counts[0] == counts[1]


class TestFeed:
    def test_it_is_atom_with_ids_that_stay(self, events: list[Event]) -> None:
        answer = Client().get(to("log_feed"))

        feed = ET.fromstring(answer.content)
        entries = feed.findall(f"{ATOM}entry")
        assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
        assert feed.tag == f"{ATOM}feed"
        for part in ("id", "title", "updated", "author"):
            assert feed.find(f"{ATOM}{part}") is not None
            assert all(entry.find(f"{ATOM}{part}") is not None for entry in entries)
        ids = [entry.findtext(f"{ATOM}id") for entry in entries]
        assert ids == [f"tag:testserver,2026-03-0{day}:/log/{event.pk}/" for day, event in
                       zip((3, 2, 1), events[2::-1], strict=True)]  # fmt: skip
        assert [entry.find(f"{ATOM}category").get("term") for entry in entries] == ALL  # type: ignore[union-attr]
        links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
        assert links == {"alternate": "http://testserver/log/", "self": "http://testserver/log/feed.atom"}

    @pytest.mark.usefixtures("events")
    def test_what_xml_cannot_hold_or_would_read_as_markup_is_harmless(self) -> None:
        feed = ET.fromstring(Client().get(to("log_feed"), {"tag": "version:rejected"}).content)

        assert feed.findtext(f"{ATOM}entry/{ATOM}summary") == "Bad \ufffd <b>"

    @pytest.mark.usefixtures("events")
    def test_it_honours_the_filters_and_is_announced_with_them(self) -> None:
        page = Client().get(to("event_log"), {"actor": "rita", "before": "99999"})

        assert page.context["feed_url"] == "/log/feed.atom?actor=rita"
        assert 'rel="alternate" type="application/atom+xml"' in text_of(page)
        feed = ET.fromstring(Client().get(page.context["feed_url"]).content)
        assert len(feed.findall(f"{ATOM}entry")) == 1

    @pytest.mark.usefixtures("events")
    def test_a_model_has_a_feed_of_its_own(self) -> None:
        make_draft(Event.objects.earliest("pk").registered_model, state="in_review")

        feed = ET.fromstring(Client().get(to("model_feed", "vera", "iris"), {"model": "vera/stone"}).content)

        assert [entry.find(f"{ATOM}category").get("term") for entry in feed.findall(f"{ATOM}entry")] == [  # type: ignore[union-attr]
            "rollout:ready",
            "version:submitted",
        ]

    @pytest.mark.usefixtures("events")
    def test_a_reader_that_has_it_all_is_told_so(self) -> None:
        first = Client().get(to("log_feed"))

        again = Client().get(to("log_feed"), headers={"if-none-match": first["ETag"]})
        since = Client().get(to("log_feed"), headers={"if-modified-since": first["Last-Modified"]})
        record_event(tag="version:submitted", subject="version:9", actor=None)
        newer = Client().get(to("log_feed"), headers={"if-none-match": first["ETag"]})

        assert (again.status_code, since.status_code, newer.status_code) == (304, 304, 200)
        assert again["ETag"] == first["ETag"] != newer["ETag"]

    def test_an_empty_log_is_a_feed_too(self) -> None:
        answer = Client().get(to("log_feed"))

        assert ET.fromstring(answer.content).findall(f"{ATOM}entry") == []
