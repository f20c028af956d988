"""Help says what the code does, since it reads the code's own tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from registry import glossary
from registry.checklist import CHECKLIST
from registry.inspection.formats import EXTENSIONS, REFUSED
from registry.views.help_pages import TOPICS

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


def page(topic: str) -> str:
    response = Client().get(f"/help/{topic}/")
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_has_a_page_that_names_the_others(topic: str) -> None:
    html = page(topic)

    assert html.count("<h1") == 1
    assert all(f'href="/help/{other}/"' in html for other in TOPICS)


def test_every_format_and_every_conversion_is_named() -> None:
    html = page("formats").replace("&quot;", '"')

    assert [extension for extension in EXTENSIONS if extension not in html] == []
    assert [ending for family in REFUSED for ending in family.extensions if ending not in html] == []
    commands = [part.strip() for family in REFUSED for part in family.advice.split("  |  ")]
    assert [command for command in commands if command not in html] == []


def test_limits_are_those_of_the_installation(settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "account_quota_bytes": 123 * 1024**2, "max_version_files": 7}

    html = page("formats").replace("\xa0", " ")

    assert "123.0 MB" in html
    assert "at most 7 files" in html


def test_criteria_are_those_of_the_review_form() -> None:
    html = page("reviewers")

    assert [text for text in CHECKLIST.values() if str(text) not in html] == []


def test_the_glossary_stands_in_one_place() -> None:
    """Add a term to `registry/glossary.py`, then `python -m registry.glossary > docs/glossary.md`."""
    assert (ROOT / "docs" / "glossary.md").read_text() == glossary.as_markdown()
    assert 'id="content-digest"' in page("glossary")


@pytest.mark.parametrize(
    ("contact", "address"), [("help@example.org", "mailto:help@example.org"), ("https://example.org/help", None)]
)
def test_people_learn_whom_to_ask(settings: Any, contact: str, address: str | None) -> None:
    settings.CONTACT = contact
    assert f'href="{address or contact}"' in page("privacy")

    settings.CONTACT = ""
    assert "have not named a contact" in page("privacy")
