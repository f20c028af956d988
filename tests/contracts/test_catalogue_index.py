"""What the catalogue may rely on, whichever database searches. Each run tries the one that it runs on, and the fake."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from registry.catalogue_index import catalogue_index
from registry.catalogue_index.sqlite import _expected as sqlite_expects
from registry.catalogue_index.words import asked_words, stored_words, tag, unique
from registry.interfaces import CatalogueIndex, IndexTerm
from registry.models import CatalogueEntry
from tests.factories import make_account, make_draft, make_model
from tests.fakes.catalogue_index import InMemoryCatalogueIndex

pytestmark = pytest.mark.django_db
TEXTS = {
    1: "vera/article-quality How good is an article?",
    2: "amélie/Détection-Émoji Café und Größe",
    3: "ken/wiki-bot 機械学習モデル for AI模型",
    4: "layla/arabic كِتَابٌ مـوقع",
    5: "vera/edit_risk v2 O'Brien \\ back",
    6: "ivan/редактор хорошая модель",
    7: "asha/हिन्दी मॉडल",
}


@pytest.fixture(params=[catalogue_index, InMemoryCatalogueIndex])
def index(request: pytest.FixtureRequest) -> CatalogueIndex:
    make: Callable[[], CatalogueIndex] = request.param
    made = make()
    made.clear()  # what tests in transactions of their own left behind, as no model stands for the index's tables
    made.put((pk, unique([*stored_words(text), tag("kind", str(pk % 2))])) for pk, text in TEXTS.items())
    return made


def found(index: CatalogueIndex, query: str, *tags: str) -> list[int]:
    terms = [IndexTerm(word=word, prefix=True) for word in asked_words(query)]
    return index.newest([*terms, *(IndexTerm(word=each) for each in tags)], limit=100)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("article", [1]),
        ("ARTI", [1]),
        ("quality article", [1]),
        ("rticle", []),
        ("article cafe", []),
        ("vera", [5, 1]),
        ("article-quality", [1]),
        ("articlequality", [1]),
        ("vera/article-quality", [1]),
        ("edit-risk", [5]),
        ("edit_risk", [5]),
        ("cafe", [2]),
        ("CAFÉ", [2]),
        ("detection emoji", [2]),
        ("große", [2]),
        ("GROSSE", [2]),
        ("機械", [3]),
        ("学習", [3]),
        ("学習モデル", [3]),
        ("習", [3]),
        ("模型", [3]),
        ("ai模型", [3]),
        ("機習", []),
        ("كتاب", [4]),
        ("كِتَاب", [4]),
        ("موقع", [4]),
        ("Редак", [6]),
        ("хорошая", [6]),
        ("हिन्दी", [7]),
        ("मॉड", [7]),
    ],
)
def test_what_is_found(index: CatalogueIndex, query: str, ids: list[int]) -> None:
    assert found(index, query) == ids


HOSTILE = [
    '"', '""', "'", "''", "\\", "a OR b", "vera AND NOT article", "NEAR(a b)", "*", "ver*a:", "name:vera", "words:vera",
    "^vera", "-vera", "(vera", "vera & !article", "vera | x", "vera <-> x", ":*", "vera:*", "'vera'", "a" * 3000,
    "\u200b", "🤖", "%", "_", "; DROP TABLE registry_account; --",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_no_query_is_read_as_a_command(index: CatalogueIndex, query: str) -> None:
    words = asked_words(query)

    ids = found(index, query, ":kind:1") if words else []

    assert set(ids) <= {1, 5}


@pytest.mark.parametrize(
    "word", [':kind:1"OR"', ":kind:1'|'", ":kind:1\\", ":kind:*", ':kind:"', ":kind:'", ":kind:é☃"]
)
def test_no_filter_is_read_as_a_command(index: CatalogueIndex, word: str) -> None:
    assert index.newest([IndexTerm(word=word)], limit=10) == []
    index.put([(9, [word])])
    assert index.newest([IndexTerm(word=word)], limit=10) == [9]


def test_filters_are_whole_words_that_no_text_can_name(index: CatalogueIndex) -> None:
    assert found(index, "", ":kind:1") == [7, 5, 3, 1]
    assert found(index, "vera", ":kind:1") == [5, 1]
    assert found(index, "", ":kind:") == []
    assert found(index, "kind") == []


def test_the_newest_come_first_and_no_more_than_asked_for(index: CatalogueIndex) -> None:
    index.put((pk, ["common"]) for pk in (40, 20, 30, 10))

    assert index.newest([IndexTerm(word="common")], limit=3) == [40, 30, 20]


def test_an_entry_has_the_words_that_it_was_given_last(index: CatalogueIndex) -> None:
    index.put([(1, ["new"]), (2, ["other"])])
    index.remove([3, 999])

    assert (found(index, "article"), found(index, "new"), found(index, "wiki")) == ([], [1], [])
    index.clear()
    assert found(index, "new") == []


NEARLY = {
    11: "a:1 b:1 c:1 quick",
    12: "a:1 b:1 quicker",
    13: "a:1 c:1",
    14: "b:1 c:1 quick",
    15: "c:1 quick",
    16: "quick",
    17: "a:1 b:1 c:1 other",
}


@pytest.mark.parametrize(
    ("words", "choices", "ids"),
    [
        ("", "a:1 b:1 c:1", [14, 13, 12]),
        ("quick", "a:1 b:1 c:1", [14, 12]),
        ("quick", "a:1", [16, 15, 14]),
        ("quick", "a:1 b:1", [14]),
        ("", "a:1 b:1", [14, 13]),
        ("quick", "x:1 c:1", [15, 14, 11]),
        ("", "a:1 b:1 c:1 quick", [17, 14]),
        ("", "a:1 b:1 c:1 quick x:1", [11]),
        ("", "quick c:1 b:1 a:1 other", [17, 11]),
    ],
)
def test_what_misses_one_choice_is_found_near_by(
    index: CatalogueIndex, words: str, choices: str, ids: list[int]
) -> None:
    index.put((pk, text.split()) for pk, text in NEARLY.items())
    terms = [IndexTerm(word=word, prefix=True) for word in asked_words(words)]

    near = index.nearly(terms, [IndexTerm(word=choice) for choice in choices.split()], limit=10)

    assert near == ids
    assert index.nearly(terms, [IndexTerm(word=choice) for choice in choices.split()], limit=1) == ids[:1]


def test_a_beginning_of_very_many_words_is_found_too(index: CatalogueIndex) -> None:
    index.put((100 + number, [f"begun{number}", "other"]) for number in range(40))

    assert found(index, "begun") == list(range(139, 99, -1))
    assert found(index, "begun3") == [*range(139, 129, -1), 103]


def test_a_joined_name_is_found_by_any_beginning_beside_very_many_others(index: CatalogueIndex) -> None:
    index.put((100 + number, stored_words(f"wiki-bot{number}")) for number in range(40))
    index.put([(200, ["wikibotany"])])

    assert found(index, "wiki") == [200, *range(139, 99, -1), 3]
    assert found(index, "wikibot") == [200, *range(139, 99, -1), 3]
    assert found(index, "wikibota") == [200]
    assert found(index, "wikibot39") == [139]


@pytest.mark.parametrize(("most_sorted", "most_gathered"), [(100, 100), (0, 100), (0, 0)])
def test_a_subquery_and_a_condition_have_the_same_answer(
    fakes: object, index: CatalogueIndex, most_sorted: int, most_gathered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for database in ("sqlite", "postgres"):
        monkeypatch.setattr(f"registry.catalogue_index.{database}.MOST_SORTED", most_sorted)
        monkeypatch.setattr(f"registry.catalogue_index.{database}.MOST_GATHERED", most_gathered)
    owner = make_account("vera")
    entries = [make_draft(make_model(owner, name), state="in_review").registered_model_id for name in ("aa", "bb")]
    index.put([(entries[0], ["first", "special", "tag:x"]), (entries[1], ["especial", "tag:xy"])])

    for terms in (
        [IndexTerm(word="spec", prefix=True)],
        [IndexTerm(word="tag:x"), IndexTerm(word="first")],
        [IndexTerm(word="fir", prefix=True), IndexTerm(word="tag:x", prefix=True)],
    ):
        within = CatalogueEntry.objects.filter(pk__in=index.matching(terms))
        meeting = CatalogueEntry.objects.filter(index.condition(terms))
        assert [entry.pk for entry in within] == [entry.pk for entry in meeting] == [entries[0]]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps such figures itself")
@pytest.mark.parametrize(("word", "expected"), [("rare", 2), ("steady", 50), ("lately", 3), ("formerly", 3)])
def test_sqlite_guesses_how_many_fit_and_rather_too_few(
    word: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.catalogue_index.sqlite.MOST_SORTED", 2)
    monkeypatch.setattr("registry.catalogue_index.sqlite._OLDEST", 2)
    have = {"rare": [1, 99], "steady": range(2, 101, 2), "lately": range(91, 101), "formerly": range(1, 11)}
    catalogue_index().put((pk, ["all", *(each for each in have if pk in have[each])]) for pk in range(1, 101))

    assert sqlite_expects(f'"{word}"') == pytest.approx(expected, abs=1 if word == "steady" else 0)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite sorts words as they come")
def test_no_search_reads_a_list_of_words_that_postgres_has_yet_to_sort() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'registry_catalogue_search_words'")
        assert cursor.fetchone() == (["fastupdate=off"],)
