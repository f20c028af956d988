"""The catalogue's rows say what the models are, whatever moves them."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection

from registry import selectors, services
from registry.catalogue_index.words import asked_words
from registry.interfaces import ServingInfo
from registry.listing import entries_of, languages_of, mend_listings, rebuild_catalogue, refresh_listing
from registry.models import Account, CatalogueEntry, RegisteredModel, StaleListing
from registry.selectors import CatalogueQuery
from registry.selectors.search import _COLUMNS as COUNTED
from registry.selectors.totals import catalogue_totals, public_figures, refresh_totals
from tests.factories import CARD, make_account, make_draft, make_model
from tests.fakes.directory import FakeServingDirectory
from tests.fakes.wiring import entry as wired
from tests.registry.scene import approved, in_review, in_state, owner_of, submitted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
COLUMNS = [field.attname for field in CatalogueEntry._meta.concrete_fields]
STATES = ("submitted", "in_review", "approved", "changes_requested", "rejected", "withdrawn", "retired")


def stored() -> dict[int, dict[str, Any]]:
    return {row["registered_model_id"]: row for row in CatalogueEntry.objects.values(*COLUMNS)}


def as_it_should_be() -> dict[int, dict[str, Any]]:
    ids = list(RegisteredModel.objects.values_list("pk", flat=True))
    return {entry.pk: {name: getattr(entry, name) for name in COLUMNS} for entry in entries_of(ids)}


def found(words: str = "", **chosen: str) -> list[str]:
    ids = selectors.find_models(CatalogueQuery(words=words, chosen=chosen)).ids
    return [str(entry) for entry in selectors.entries_in_order(ids)]


@pytest.mark.parametrize("state", STATES)
def test_every_state_that_a_verb_leads_to_is_listed_at_once(state: str, settings: Any) -> None:
    settings.BACKENDS = {**settings.BACKENDS, "serving_directory": wired(FakeServingDirectory())}
    version = in_state(state)

    assert stored() == as_it_should_be() != {}
    assert found(status=state) == [str(version.registered_model)]
    assert all(found(status=other) == [] for other in STATES if other != state)


def test_a_model_is_not_listed_before_its_first_submission() -> None:
    draft = make_draft(make_model(make_account("vera"), "iris", summary="Petals"))
    services.update_draft(version=draft, actor=owner_of(draft), summary="Petals and sepals")

    assert (stored(), found("petals")) == ({}, [])

    submitted(draft)
    assert found("sepals") == ["vera/iris"]


def test_a_reopened_version_stays_listed_as_a_draft() -> None:
    version = in_state("withdrawn")
    services.reopen_version(version=version, actor=owner_of(version))

    assert found(status="draft") == [str(version.registered_model)]
    assert stored() == as_it_should_be()


def test_a_changed_summary_and_task_are_found_at_once() -> None:
    version = in_review()
    draft = services.start_version(registered_model=version.registered_model, actor=owner_of(version))

    services.update_draft(version=draft, actor=owner_of(draft), summary="Weighs turnips", task="ranking")

    assert found("turnip", task="ranking") == [str(version.registered_model)]
    assert stored() == as_it_should_be()


def test_what_is_served_stands_for_the_model_and_what_comes_is_told(settings: Any) -> None:
    directory = FakeServingDirectory()
    settings.BACKENDS = {**settings.BACKENDS, "serving_directory": wired(directory)}
    live = approved()
    directory.add(
        live.registered_model_id, ServingInfo(version_id=live.pk, word="in_production", live=True, healthy=True)
    )
    coming = make_draft(live.registered_model, state="in_review")

    entry = CatalogueEntry.objects.get()

    assert (entry.version_number, entry.status, entry.live) == (live.number, "in_production", True)
    assert (entry.coming_number, entry.coming_status) == (coming.number, "in_review")
    assert found(status="in_production") == [str(live.registered_model)]


@pytest.mark.parametrize(
    ("line", "languages"),
    [
        ("language: en", ["en"]),
        ("language: [fr, EN, fr]", ["fr", "en"]),
        ("language: no", ["no"]),
        ("language: [zh-hant, not a code, '<b>']", ["zh-hant"]),
        ("language: {en: fr}", []),
        ("language: [[en]]", []),
        ("tags: [x]", []),
        ("language: [" + ", ".join(f"a{chr(97 + n)}" for n in range(26)) + "]", [f"a{chr(97 + n)}" for n in range(20)]),
        ("language: !!python/object en", []),
    ],
)
def test_languages_come_from_the_card(line: str, languages: list[str]) -> None:
    card = f"---\nlicense: MIT\n{line}\n---\n# Card\n"

    assert languages_of(card) == languages


def test_models_are_found_by_their_language() -> None:
    model = make_model(make_account("vera"), "iris")
    make_draft(model, state="in_review", card_source=CARD.replace("license: MIT", "license: MIT\nlanguage: [fr, ar]"))
    make_draft(state="in_review")

    assert found(language="fr") == ["vera/iris"]
    assert found(language="f") == []


def test_an_entry_that_somebody_else_holds_is_mended_by_the_sweep() -> None:
    version = in_review()
    CatalogueEntry.objects.update(status="wrong")
    StaleListing.objects.create(registered_model=version.registered_model)
    StaleListing.objects.create(registered_model=version.registered_model)

    mend_listings()

    assert stored() == as_it_should_be()
    assert not StaleListing.objects.exists()


def test_the_catalogue_can_be_made_anew_from_nothing() -> None:
    versions = [in_review(), approved()]
    make_draft()
    CatalogueEntry.objects.filter(pk=versions[0].registered_model_id).delete()
    CatalogueEntry.objects.update(name="wrong")
    said = StringIO()

    call_command("rebuild_catalogue", stdout=said)

    assert said.getvalue() == "2 entries\n"
    assert stored() == as_it_should_be()
    names = [str(version.registered_model) for version in versions]
    assert sorted(found("iris")) == sorted(names)


def test_a_catalogue_that_has_just_come_is_filled_after_the_migrations() -> None:
    version = in_review()
    CatalogueEntry.objects.all().delete()

    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")

    assert found("iris") == [str(version.registered_model)]


def test_an_entry_goes_with_its_model() -> None:
    version = in_review()
    model = version.registered_model
    model.versions.update(state="draft", revision=0)

    refresh_listing(model.pk)

    assert (stored(), found("iris")) == ({}, [])


class TestOrder:
    @pytest.fixture(autouse=True)
    def _models(self) -> None:
        vera, iris = make_account("vera"), make_account("iris")
        for owner, name, summary in (
            (vera, "iris", "Flowers"),
            (vera, "petals", "Of an iris"),
            (iris, "stones", "Minerals"),
            (vera, "iris-two", "Flowers again"),
        ):
            make_draft(make_model(owner, name, summary=summary), state="in_review")

    def test_the_name_itself_comes_first_then_names_then_texts(self) -> None:
        assert found("iris") == ["vera/iris", "vera/iris-two", "iris/stones", "vera/petals"]
        assert found("vera/iris") == ["vera/iris", "vera/iris-two", "vera/petals"]

    @pytest.mark.parametrize(
        ("sort", "names"),
        [
            ("name", ["iris", "iris-two", "petals", "stones"]),
            ("newest", ["iris-two", "stones", "petals", "iris"]),
            ("updated", ["iris-two", "stones", "petals", "iris"]),
        ],
    )
    @pytest.mark.parametrize("words", ["", "iris"])
    def test_the_order_that_is_asked_for(self, sort: str, names: list[str], words: str) -> None:
        ids = selectors.find_models(CatalogueQuery(words=words, sort=sort)).ids

        assert [entry.name for entry in selectors.entries_in_order(ids)] == names

    def test_too_many_are_counted_as_more_and_the_order_still_holds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("registry.selectors.search.MOST_LISTED", 2)

        by_name = selectors.find_models(CatalogueQuery(words="iris", sort="name"))
        everything = selectors.find_models(CatalogueQuery(sort="name"))

        assert [entry.name for entry in selectors.entries_in_order(by_name.ids)] == ["iris", "iris-two"]
        assert (by_name.total, by_name.more) == (2, True)
        assert {(value.value, value.total, value.more) for value in by_name.facets["owner"]} == {("vera", 2, True)}
        assert (everything.total, everything.more, len(everything.ids)) == (4, False, 2)
        assert {(value.value, value.total, value.more) for value in everything.facets["owner"]} == {
            ("vera", 3, False),
            ("iris", 1, False),
        }

    def test_a_facet_counts_what_another_choice_in_it_would_give(self) -> None:
        facets = selectors.find_models(CatalogueQuery(chosen={"owner": "iris"})).facets

        assert {value.value: value.total for value in facets["owner"]} == {"vera": 3, "iris": 1}
        assert {value.value: value.total for value in facets["status"]} == {"in_review": 1}

    def test_two_choices_are_counted_each_without_the_other(self) -> None:
        facets = selectors.find_models(CatalogueQuery(chosen={"owner": "iris", "task": "ranking"})).facets

        assert facets["owner"] == []
        assert {value.value: value.total for value in facets["task"]} == {}

        RegisteredModel.objects.filter(name="iris").update(task="ranking")
        RegisteredModel.objects.exclude(name="iris").update(task="speech")
        rebuild_catalogue()
        for words in ("", "iris"):
            found_now = selectors.find_models(CatalogueQuery(words=words, chosen={"owner": "VERA", "task": "ranking"}))
            assert {value.value: value.total for value in found_now.facets["owner"]} == {"vera": 1}
            assert {value.value: value.total for value in found_now.facets["task"]} == {"ranking": 1, "speech": 2}
            assert {value.value: value.total for value in found_now.facets["status"]} == {"in_review": 1}

    def test_where_too_many_are_found_fewer_others_are_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("registry.selectors.search.MOST_LISTED", 1)
        monkeypatch.setattr("registry.selectors.search.MOST_NEAR_OF_MORE", 1)
        make_draft(make_model(Account.objects.get(username="iris"), "pebbles"), state="in_review")
        make_draft(make_model(make_account("ken"), "sand"), state="in_review")

        facets = selectors.find_models(CatalogueQuery(chosen={"owner": "vera", "status": "in_review"})).facets

        assert {(value.value, value.total, value.more) for value in facets["owner"]} == {
            ("vera", 1, True),
            ("ken", 1, True),
        }

    def test_a_word_and_a_choice_count_the_other_values_that_the_word_finds(self) -> None:
        facets = selectors.find_models(CatalogueQuery(words="flowers", chosen={"owner": "iris"})).facets

        assert {value.value: value.total for value in facets["owner"]} == {"vera": 2}

    def test_a_large_catalogue_knows_how_many_have_one_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("registry.selectors.search.MOST_LISTED", 2)
        monkeypatch.setattr("registry.selectors.totals._COUNT_AFRESH_UP_TO", 2)
        refresh_totals()

        chosen = selectors.find_models(CatalogueQuery(chosen={"owner": "vera"}))

        assert (chosen.total, chosen.more, len(chosen.ids)) == (3, False, 2)
        assert {value.value: value.total for value in chosen.facets["owner"]} == {"vera": 3, "iris": 1}
        assert all(value.more for value in chosen.facets["status"])

    @pytest.mark.parametrize(("facet", "value"), [("status", "in_review"), ("status", "IN_Review"), ("status", "gone")])
    def test_a_common_value_by_name_is_found_without_the_index_as_with_it(
        self, facet: str, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_draft(make_model(make_account("ken"), "anemones"), state="rejected")
        query = CatalogueQuery(chosen={facet: value}, sort="name")
        by_index = selectors.find_models(query)
        monkeypatch.setattr("registry.selectors.search.MOST_LOOKED_UP", 3)

        assert selectors.find_models(query) == by_index
        assert len(by_index.ids) == (0 if value == "gone" else 4)

    def test_the_very_name_comes_first_even_behind_very_many_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("registry.selectors.search.MOST_LISTED", 1)
        make_draft(make_model(make_account(), "iris-three"), state="in_review")

        assert found("iris") == ["vera/iris"]
        assert found("iris", owner="nobody") == []

    def test_an_entry_is_found_by_every_word_of_its_own(self) -> None:
        entries = CatalogueEntry.objects.all()
        assert len(entries) == len(found())
        for entry in entries:
            for word in asked_words(f"{entry.name} {entry.owner_name} {entry.summary}"):
                assert str(entry) in found(word)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL decides by how much was vacuumed")
def test_by_name_no_row_is_looked_up_to_be_counted() -> None:
    by_name = CatalogueEntry.objects.order_by("name", "pk").values_list(*COUNTED)[:10]

    assert "USING COVERING INDEX entry_by_name" in by_name.explain()


def test_the_figures_of_a_large_catalogue_are_kept_and_counted_by_the_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(3):
        make_draft(make_model(make_account(f"owner-{number}"), "iris", task="ranking"), state="in_review")
    afresh = catalogue_totals()
    monkeypatch.setattr("registry.selectors.totals._COUNT_AFRESH_UP_TO", 2)

    refresh_totals()
    kept = catalogue_totals()
    CatalogueEntry.objects.filter(owner_name="owner-1").delete()
    monkeypatch.setattr("registry.selectors.totals._COUNT_AFRESH_UP_TO", 1)

    assert kept == catalogue_totals() == afresh
    assert (public_figures().models, public_figures().contributors) == (3, 3)
    refresh_totals()
    assert catalogue_totals().models == 3
    monkeypatch.setattr("registry.selectors.totals._COUNT_AGAIN_AFTER", 0.0)
    refresh_totals()
    assert (catalogue_totals().models, catalogue_totals().facets["task"]) == (2, {"ranking": 2})


def test_only_the_commonest_values_are_kept_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.selectors.totals.MOST_VALUES", 1)
    for number in (0, 0, 1):
        owner = Account.objects.filter(username=f"owner-{number}").first() or make_account(f"owner-{number}")
        make_draft(make_model(owner, f"iris-{CatalogueEntry.objects.count()}"), state="in_review")

    totals = catalogue_totals()
    everything = selectors.find_models(CatalogueQuery())

    assert everything.unlisted["owner"] == 1
    assert public_figures().contributors == 2
    assert (totals.facets["owner"], totals.unlisted["owner"]) == ({"owner-0": 2}, 1)
