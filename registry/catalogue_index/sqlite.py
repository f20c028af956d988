"""The catalogue's index in SQLite: an FTS5 table without positions, since only whole words and beginnings are asked.

Migrations make the tables, which have no models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from registry.catalogue_index.near import Operators, all_but_one
from registry.catalogue_index.vocabulary import Vocabulary, add_words
from registry.interfaces import IndexTerm

# Up to so many entries are read and sorted; up to so many are gathered, and the list is read on for those among them.
MOST_SORTED = 5_000
MOST_GATHERED = 40_000
_IDS = "SELECT rowid FROM registry_catalogue_search WHERE registry_catalogue_search MATCH %s"
# How many of the newest and of the oldest fit, among how many ids these stand, and how many ids there are.
_SAMPLE = (
    "SELECT newest.fitting, largest - newest.last + 1, oldest.fitting, oldest.last - smallest + 1,"  # noqa: S608  # constant text
    " largest - smallest + 1 FROM"
    " (SELECT (SELECT max(id) FROM registry_catalogue_search_content) AS largest,"
    " (SELECT min(id) FROM registry_catalogue_search_content) AS smallest),"
    f" (SELECT count(*) AS fitting, min(rowid) AS last FROM ({_IDS} ORDER BY rowid DESC LIMIT %s)) AS newest,"
    f" (SELECT count(*) AS fitting, max(rowid) AS last FROM ({_IDS} ORDER BY rowid LIMIT %s)) AS oldest"
)
_OLDEST = 1_000
_OPERATORS = Operators(both=" AND ", either=" OR ", without=" NOT ")
_AMONG = f"+registered_model_id IN ({_IDS})"  # with a plus, SQLite goes by the order and not by these
# The table is FTS5's own, in which it keeps the words as they were given.
_HAS = "instr((SELECT ' ' || c0 || ' ' FROM registry_catalogue_search_content WHERE id = registered_model_id), %s) > 0"


class SqliteCatalogueIndex:
    """`registry.interfaces.CatalogueIndex` over FTS5."""

    def __init__(self) -> None:
        self._vocabulary = Vocabulary()

    def put(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Store the words of entries, in place of those that they had."""
        words_of = dict(rows)
        given = [(entry_id, " ".join(words)) for entry_id, words in words_of.items()]
        add_words(words_of.values())
        with connection.cursor() as cursor:
            cursor.executemany(
                "DELETE FROM registry_catalogue_search WHERE rowid = %s", [(entry_id,) for entry_id, _ in given]
            )
            cursor.executemany("INSERT INTO registry_catalogue_search(rowid, words) VALUES (%s, %s)", given)

    def remove(self, entry_ids: Iterable[int]) -> None:
        """Forget entries."""
        with connection.cursor() as cursor:
            cursor.executemany(
                "DELETE FROM registry_catalogue_search WHERE rowid = %s", [(entry_id,) for entry_id in entry_ids]
            )

    def clear(self) -> None:
        """Forget everything."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM registry_catalogue_search")

    def newest(self, terms: Sequence[IndexTerm], *, limit: int) -> list[int]:
        """The ids of entries that have all terms, the largest first; stops reading at the limit."""
        return _newest(self._query(terms), limit)

    def nearly(self, terms: Sequence[IndexTerm], choices: Sequence[IndexTerm], *, limit: int) -> list[int]:
        """Such ids of entries that have all terms and all choices but one."""
        if len(choices) == 1:
            return _newest(f"({self._query(terms)}) NOT {_quoted(choices[0])}", limit)
        either = all_but_one([_quoted(choice) for choice in choices], _OPERATORS)
        return _newest(f"({self._query(terms)}) AND {either}" if terms else either, limit)

    def matching(self, terms: Sequence[IndexTerm]) -> RawSQL:
        """A subquery of the ids."""
        return RawSQL(_IDS, [self._query(terms)])  # noqa: S611  # constant text; the words are a parameter

    def condition(self, terms: Sequence[IndexTerm]) -> Q | RawSQL:
        """Few ids are sorted; where very many entries fit, reading on in any order soon finds enough of them."""
        query = self._query(terms)
        fitting = _expected(query)
        if fitting <= MOST_SORTED:
            return Q(pk__in=self.matching(terms))
        if fitting <= MOST_GATHERED:
            return RawSQL(_AMONG, [query], output_field=BooleanField())  # noqa: S611  # the same
        ways = [[f" {way.word}{'' if way.prefix else ' '}" for way in ways] for ways in self._vocabulary.meant(terms)]
        has = " AND ".join(f"({' OR '.join([_HAS] * len(each))})" for each in ways)
        return RawSQL(has, [way for each in ways for way in each], output_field=BooleanField())  # noqa: S611  # the same

    def _query(self, terms: Sequence[IndexTerm]) -> str:
        return " AND ".join(f"({' OR '.join(map(_quoted, ways))})" for ways in self._vocabulary.meant(terms))


def _expected(query: str) -> int:
    """How many entries fit: counted up to `MOST_SORTED`, beyond it guessed, rather too low than too high.

    A word may have come into use only lately, or gone out of it, so the newest and the oldest are asked.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, [query, MOST_SORTED + 1, query, _OLDEST])
        newest, among_newest, oldest, among_oldest, ids = cursor.fetchone()
    if newest <= MOST_SORTED:
        return int(newest)
    return int(max(newest, ids * min(newest / among_newest, oldest / among_oldest)))


def _newest(query: str, limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_IDS} ORDER BY rowid DESC LIMIT %s", [query, limit])
        return [row[0] for row in cursor.fetchall()]


def _quoted(term: IndexTerm) -> str:
    """So that no word of a person is read as an operator."""
    word = term.word.replace('"', '""')
    return f'"{word}"{"*" if term.prefix else ""}'
