"""Two versions side by side."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from registry.models import Account, ModelVersion, RegisteredModel, TrialRun
from tests.factories import CARD, IRIS, make_account, make_draft, make_model
from tests.registry.views.pages import text_of, to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
ONE = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}], "outputs": []}
TWO = {"inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, 4]}], "outputs": []}


@pytest.fixture
def model() -> RegisteredModel:
    model = make_model(make_account("vera"), "iris")
    first = make_draft(
        model, state="approved", introspection=ONE, files={"a.json": b"1", "b.json": b"2"}, content_digest="sha256:1"
    )
    second = make_draft(
        model, state="in_review", introspection=TWO, files={"a.json": b"11", "c.json": b"3"}, licence="Apache-2.0",
        card_source=CARD + "\nMore.\n", memory_bytes=2 << 30, runtime="other", examples=(IRIS, IRIS),
        content_digest="sha256:2",
    )  # fmt: skip
    for version, latency in ((first, 1.0), (second, 9.0)):
        TrialRun.objects.create(version=version, content_digest=version.content_digest, passed=True, p50_ms=latency)
    make_draft(model)
    return model


def asked(query: dict[str, str], account: Account | None = None) -> Any:
    client = Client()
    if account is not None:
        client.force_login(account)
    return client.get(to("model_compare", "vera", "iris"), query)


@pytest.mark.usefixtures("model")
def test_everything_that_differs_is_told() -> None:
    page = asked({"from": "1", "to": "2"})

    files = [(file.path, file.kind, file.old_size, file.new_size) for file in page.context["files"]]
    assert files == [("a.json", "replaced", 1, 2), ("b.json", "removed", 1, None), ("c.json", "added", None, 1)]
    difference = page.context["difference"]
    assert (difference.licence, difference.memory_bytes) == (("MIT", "Apache-2.0"), (1 << 30, 2 << 30))
    assert [line.text for line in difference.card if line.kind == "added"] == ["", "More."]
    assert [change.kind for change in difference.examples] == ["added"]
    assert page.context["runtime"] == ("", "other")
    assert page.context["breaking"] is True
    assert [row.p50_ms for row in page.context["trials"]] == [1.0, 9.0]
    assert "Requests made for the old version may fail" in text_of(page)


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("query", "pair"),
    [
        ({}, (1, 2)),
        ({"to": "1"}, (1, 1)),
        ({"from": "2", "to": "1"}, (2, 1)),
        ({"from": "x", "to": "-1"}, (1, 2)),
    ],
)
def test_which_versions_are_compared(query: dict[str, str], pair: tuple[int, int]) -> None:
    page = asked(query)

    assert page.status_code == 200
    assert (page.context["old"].number, page.context["new"].number) == pair


def test_a_draft_is_compared_for_its_owner_only(model: RegisteredModel) -> None:
    assert asked({"to": "3"}).status_code == 404
    assert asked({"to": "7"}).status_code == 404
    assert asked({"from": "9" * 30}).status_code == 404
    page = asked({}, model.owner)
    assert (page.context["old"].number, page.context["new"].number) == (2, 3)
    assert ModelVersion.objects.count() == 3
