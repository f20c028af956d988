"""What search engines read."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from registry.sitemaps import ModelSitemap
from tests.factories import make_account, make_draft, make_model
from tests.registry.views.pages import text_of, to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


def locations(path: str) -> list[str]:
    return [loc.text or "" for loc in ET.fromstring(Client().get(path).content).iter(LOC)]


def test_robots_are_led_to_the_sitemap_and_away_from_what_is_private() -> None:
    answer = Client().get("/robots.txt")

    assert answer["Content-Type"].startswith("text/plain")
    assert "Sitemap: http://testserver/sitemap.xml" in text_of(answer)
    assert f"Disallow: {to('my_models')}" in text_of(answer)
    assert "Disallow: /\n" not in text_of(answer)


def test_the_sitemap_names_the_public_address_whatever_name_the_request_came_by(settings: Any) -> None:
    settings.SITE_URL = "https://models.example.org"
    make_draft(make_model(make_account("ada"), "iris"), state="approved")

    found = [*locations("/sitemap.xml"), *locations("/sitemap-models.xml"), *locations("/sitemap-pages.xml")]

    assert "https://models.example.org/models/ada/iris/" in found
    assert [address for address in found if not address.startswith("https://models.example.org/")] == []


def test_the_sitemap_names_public_models_in_files_of_bounded_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ModelSitemap, "limit", 2)
    vera = make_account("vera")
    for name in ("aa", "bb", "cc"):
        make_draft(make_model(vera, name), state="in_review")
    make_draft(make_model(vera, "secret"))

    files = locations("/sitemap.xml")
    found = [loc for file in files if file for loc in locations(file.removeprefix("http://testserver"))]

    assert len(files) == 3
    assert [loc for loc in found if loc and "vera" in loc] == [
        f"http://testserver/models/vera/{name}/" for name in ("aa", "bb", "cc")
    ]
    assert "http://testserver/log/" in found
