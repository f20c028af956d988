"""Every text of the portal in every language, complete and well formed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.utils import translation
from django.utils.translation import gettext

from portal.translations.catalogues import (
    catalogue_file,
    catalogue_files,
    compile_stale,
    language_of,
    merge,
    read_catalogue,
)
from portal.translations.extraction import extract_catalogue
from portal.translations.faults import differences, faults_in

LANGUAGES = ("ar", "de", "es")
by_language = pytest.mark.parametrize("path", catalogue_files(), ids=language_of)


@pytest.fixture(scope="module")
def template() -> Catalog:
    return extract_catalogue()


def one(text: str | tuple[str, str], *forms: str, plurals: str = "de") -> Catalog:
    catalogue = Catalog(locale=plurals)
    catalogue.add(text, forms if isinstance(text, tuple) else forms[0])
    return catalogue


def test_three_languages_stand_beside_english() -> None:
    assert tuple(language_of(path) for path in catalogue_files()) == LANGUAGES


@by_language
def test_every_text_is_translated_with_its_placeholders_and_markup(path: Path) -> None:
    assert faults_in(read_catalogue(path)) == []


@by_language
def test_the_catalogue_holds_what_the_sources_say(path: Path, template: Catalog) -> None:
    assert differences(read_catalogue(path), template) == []


def test_arabic_has_six_plural_forms() -> None:
    arabic = next(path for path in catalogue_files() if language_of(path) == "ar")
    assert read_catalogue(arabic).num_plurals == 6


def test_updating_twice_changes_nothing(tmp_path: Path, template: Catalog) -> None:
    copy = tmp_path / "de" / "LC_MESSAGES" / "django.po"
    copy.parent.mkdir(parents=True)
    shutil.copy(next(path for path in catalogue_files() if language_of(path) == "de"), copy)
    merge(copy, template)
    once = copy.read_bytes()
    merge(copy, template)
    assert copy.read_bytes() == once


def test_another_language_begins_with_every_text_untranslated(tmp_path: Path, template: Catalog) -> None:
    path = catalogue_file("pt-br", tmp_path)
    merge(path, template)
    assert language_of(path) == "pt_BR"
    assert len(faults_in(read_catalogue(path))) == len(template)


def test_only_a_changed_catalogue_is_compiled(tmp_path: Path) -> None:
    merge(tmp_path / "de" / "LC_MESSAGES" / "django.po", one("Save", ""))
    assert compile_stale(tmp_path) == ["de"]
    assert compile_stale(tmp_path) == []


def test_texts_of_templates_and_code_are_found(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(
        '{% if a %}\n    {# Translators: a verb. #}\n    {% translate "Watch" %}\n{% endif %}\n'
        '<b title="{% translate "It\'s" context "model" %}">{% blocktranslate trimmed count n=3 %}\n'
        "{{ n }} file\n{% plural %}{{ n }} files{% endblocktranslate %}</b>"
    )
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "x.py").write_text(
        '_("50 %% of %(name)s")\nngettext("a", "b", 3)\nlogger.info("Not me")\n'
    )
    found = extract_catalogue(tmp_path)
    texts = {(message.context, message.id) for message in found if message.id}
    assert texts == {
        (None, "Watch"),
        ("model", "It's"),
        (None, ("%(n)s file", "%(n)s files")),
        (None, "50 %% of %(name)s"),
        (None, ("a", "b")),
    }
    watch = found.get("Watch")
    assert watch is not None
    assert watch.auto_comments == ["Translators: a verb."]


@pytest.mark.parametrize(
    ("catalogue", "fault"),
    [
        (one("Save", ""), "not translated"),
        (one("Of %(name)s", "Von %(nahme)s"), "placeholders"),
        (one("Pause {name}", "Pausieren"), "placeholders"),
        (one("See <b>here</b>", "Siehe <i>hier</i>"), "markup"),
        (one(" and ", "und"), "blanks"),
        (one(("%(n)s day", "%(n)s days"), "%(n)s Tag"), "forms"),
    ],
)
def test_a_faulty_translation_is_named(catalogue: Catalog, fault: str) -> None:
    assert any(fault in found for found in faults_in(catalogue))


def test_a_form_for_one_may_do_without_the_number() -> None:
    assert faults_in(one(("%(n)s day", "%(n)s days"), "Ein Tag", "%(n)s Tage")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_django_reads_what_was_compiled(language: str) -> None:
    with translation.override(language):
        assert gettext("Skip to content") != "Skip to content"
