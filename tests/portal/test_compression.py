"""Pages travel compressed; what carries a strong tag, files and predictions keep their bytes."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

from tests.factories import make_account, make_draft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
ACCEPTED = {"accept-encoding": "gzip"}


@pytest.mark.parametrize("path", ["/models/", "/api/v1/schema/", "/api/v1/"])
def test_pages_and_documents_are_compressed(path: str) -> None:
    client = Client()
    plain, packed = client.get(path), client.get(path, headers=ACCEPTED)
    assert plain.status_code == 200

    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert len(gzip.decompress(packed.content)) == pytest.approx(len(plain.content), abs=200)
    assert len(packed.content) < len(plain.content) / 2


def test_two_answers_alike_differ_in_length() -> None:
    client = Client()
    lengths = {len(client.get("/help/licence/", headers=ACCEPTED).content) for _again in range(12)}
    assert len(lengths) > 1, "a secret in a page cannot be guessed by the length of what travels"


def test_what_a_reader_has_already_is_not_sent_again() -> None:
    client = Client()
    first = client.get("/api/v1/schema/", headers=ACCEPTED)
    again = client.get("/api/v1/schema/", headers={**ACCEPTED, "if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_tag_that_was_read_still_fits() -> None:
    owner = make_account("owner")
    draft = make_draft(owner=owner)
    client = Client()
    client.force_login(owner)
    answer = client.get(f"/api/v1/versions/{draft.pk}/", headers=ACCEPTED)
    assert answer.status_code == 200, answer.content
    assert answer["ETag"].startswith('"')
