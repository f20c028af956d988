"""A model's pages as a visitor reads them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from registry.interfaces import LastDay
from registry.models import ModelVersion
from registry.views.file_preview import LONGEST_PREVIEW
from tests.factories import add_file, make_draft
from tests.fakes.directory import FakeServingDirectory
from tests.fakes.wiring import entry
from tests.registry.scene import approved, in_review
from tests.registry.views.pages import text_of, to
from tests.registry.views.test_public import NASTY_NAMES

pytestmark = pytest.mark.django_db
TABS = ("model", "model_versions", "model_files", "model_use", "model_deployments", "model_log")


def named(version: ModelVersion) -> tuple[str, str]:
    return version.registered_model.owner.username, version.registered_model.name


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_has_an_address_and_is_marked_there(tab: str) -> None:
    version = in_review()

    page = Client().get(to(tab, *named(version)))

    current = [each.url for each in page.context["frame"].tabs if each.current]
    assert current == [to(tab, *named(version))]
    assert all(to(each, *named(version)) in text_of(page) for each in TABS)
    assert f'<link rel="canonical" href="http://testserver{to(tab, *named(version))}">' in text_of(page)
    assert '<meta property="og:title"' in text_of(page)


def test_the_card_page_says_how_to_cite_the_version() -> None:
    version = approved()
    owner = version.registered_model.owner
    owner.display_name = "R&D Team_{1}"
    owner.save()

    page = Client().get(to("model", *named(version)))

    citation = page.context["citation"]
    assert version.submitted_at is not None
    assert citation["text"].startswith(f"R&D Team_{{1}} ({version.submitted_at.year}). {version.registered_model}")
    assert citation["text"].endswith(f"http://testserver{to('version', *named(version), version.number)}")
    assert r"author = {R\&D Team\_\{1\}}" in citation["bibtex"]


class TestFiles:
    @pytest.mark.parametrize("name", NASTY_NAMES)
    def test_a_file_is_shown_as_inert_text_or_not_at_all(self, name: str) -> None:
        version = approved()
        add_file(version, name, b"<script>alert(1)</script>")

        page = Client().get(to("file_page", *named(version), version.number, name))

        assert page.status_code == 200
        assert "<script>alert" not in text_of(page)
        assert (page.context["preview"] is not None) == name.endswith(".json")
        assert page["Content-Type"].startswith("text/html")

    @pytest.mark.parametrize(
        ("data", "seen"),
        [
            (b"plain", "plain"),
            ("ü".encode(), "ü"),
            (b"", ""),
            (b"\xff\xfe", None),
            (b"a\x00b", None),
            ("ü".encode() * LONGEST_PREVIEW, "ü" * (LONGEST_PREVIEW // 2)),
            (b"x" + "ü".encode() * LONGEST_PREVIEW, "x" + "ü" * (LONGEST_PREVIEW // 2 - 1)),
            (b"\xff" + b"x" * LONGEST_PREVIEW, None),
        ],
    )
    def test_only_text_is_previewed_and_only_its_beginning(self, data: bytes, seen: str | None) -> None:
        version = approved()
        add_file(version, "notes.txt", data)

        preview = Client().get(to("file_page", *named(version), version.number, "notes.txt")).context["preview"]

        assert (preview.text if preview else None) == seen
        assert preview is None or preview.cut == (len(data) > LONGEST_PREVIEW)

    def test_a_path_that_the_version_lacks_is_not_found(self) -> None:
        version = approved()

        for path in ("none.json", "../model.json", "%2e%2e/etc/passwd"):
            assert Client().get(f"{to('version_files', *named(version), version.number)}{path}").status_code == 404

    def test_the_files_of_an_earlier_version_stay_in_reach(self) -> None:
        first = approved()
        make_draft(first.registered_model, state="in_review", files={"new.txt": b"new"})

        newest = Client().get(to("model_files", *named(first)))
        earlier = Client().get(to("version_files", *named(first), first.number))

        assert [row.path for row in newest.context["files"]] == ["new.txt"]
        assert [row.path for row in earlier.context["files"]] == ["model.json"]
        assert newest.context["numbers"] == [2, 1]


class TestLastDay:
    def test_the_card_page_shows_how_the_model_was_asked(self, settings: Any) -> None:
        directory, version = FakeServingDirectory(), approved()
        directory.days[version.registered_model_id] = LastDay(
            requests=2, p95_ms=34.25, error_percent=50.0, moments=(0, 900), per_second=(0.0, 2 / 900)
        )
        settings.BACKENDS = {**settings.BACKENDS, "serving_directory": entry(directory)}

        html = text_of(Client().get(to("model", *named(version))))

        assert "Last 24 hours" in html
        assert "50 %" in html
        assert "34.2 ms" in html
        assert 'role="img"' in html

    def test_of_a_model_that_was_never_served_nothing_is_shown(self) -> None:
        assert "Last 24 hours" not in text_of(Client().get(to("model", *named(in_review()))))


class TestUnserved:
    def test_pages_of_a_model_that_nobody_serves_say_so(self, settings: Any) -> None:
        settings.BACKENDS = {**settings.BACKENDS, "serving_directory": entry(FakeServingDirectory())}
        version = in_review()

        assert "nothing to call yet" in text_of(Client().get(to("model_use", *named(version))))
        assert "was ever served" in text_of(Client().get(to("model_deployments", *named(version))))
