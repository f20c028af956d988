"""The catalogue's index in PostgreSQL: a tsvector of our own words under GIN; needs no extension and no dictionary.

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
MOST_GATHERED = 15_000
_IDS = "SELECT rowid FROM registry_catalogue_search WHERE words @@ %s::tsquery"
_EXPECTED = f"EXPLAIN (FORMAT JSON) {_IDS}"
_SORTED = f"registered_model_id = ANY (ARRAY ({_IDS}))"
_AMONG = f"(registered_model_id IN ({_IDS})) IS TRUE"  # which PostgreSQL takes for a set, and not for a join
_OPERATORS = Operators(both=" & ", either=" | ", without=" & !")
_PUT = (
    "INSERT INTO registry_catalogue_search (rowid, words) "
    "SELECT id, array_to_tsvector(string_to_array(words, ' ')) FROM unnest(%s::bigint[], %s::text[]) AS one (id, words)"
    " ON CONFLICT (rowid) DO UPDATE SET words = excluded.words"
)


class PostgresCatalogueIndex:
    """`registry.interfaces.CatalogueIndex` over tsvector."""

    def __init__(self) -> None:
        self._vocabulary = Vocabulary()

    def put(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Store the words of entries, in place of those that they had."""
        given = dict(rows)
        texts = {entry_id: " ".join(words) for entry_id, words in given.items()}
        add_words(given.values())
        with connection.cursor() as cursor:
            cursor.execute(_PUT, [list(texts), list(texts.values())])

    def remove(self, entry_ids: Iterable[int]) -> None:
        """Forget entries."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM registry_catalogue_search WHERE rowid = ANY(%s)", [list(entry_ids)])

    def clear(self) -> None:
        """Forget everything."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM registry_catalogue_search")

    def newest(self, terms: Sequence[IndexTerm], *, limit: int) -> list[int]:
        """The ids of entries that have all terms, the largest first."""
        return _newest(self._query(terms), limit)

    def nearly(self, terms: Sequence[IndexTerm], choices: Sequence[IndexTerm], *, limit: int) -> list[int]:
        """Such ids of entries that have all terms and all choices but one."""
        quoted = [_quoted(choice) for choice in choices]
        either = all_but_one(quoted, _OPERATORS) if len(quoted) > 1 else f"!{quoted[0]}"
        return _newest(f"{self._query(terms)} & {either}" if terms else either, limit)

    def matching(self, terms: Sequence[IndexTerm]) -> RawSQL:
        """A subquery of the ids."""
        return RawSQL(_IDS, [self._query(terms)])  # noqa: S611  # constant text; the words are a parameter

    def condition(self, terms: Sequence[IndexTerm]) -> Q | RawSQL:
        """PostgreSQL knows how common words are, but not where in an order those stand that have them."""
        if any(way.prefix for ways in self._vocabulary.meant(terms) for way in ways):
            return Q(pk__in=self.matching(terms))
        query = self._query(terms)
        with connection.cursor() as cursor:
            cursor.execute(_EXPECTED, [query])
            expected = cursor.fetchone()[0][0]["Plan"]["Plan Rows"]
        if expected > MOST_GATHERED:
            return Q(pk__in=self.matching(terms))
        fits = _SORTED if expected <= MOST_SORTED else _AMONG
        return RawSQL(fits, [query], output_field=BooleanField())  # noqa: S611  # constant text; the words are a parameter

    def _query(self, terms: Sequence[IndexTerm]) -> str:
        """Every term by the words that it stands for: of these PostgreSQL knows how common they are."""
        return " & ".join(f"({' | '.join(map(_quoted, ways))})" for ways in self._vocabulary.meant(terms))


def _newest(query: str, limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_IDS} ORDER BY rowid DESC LIMIT %s", [query, limit])
        return [row[0] for row in cursor.fetchall()]


def _quoted(term: IndexTerm) -> str:
    """Quoted, so that no word of a person is read as an operator."""
    word = term.word.replace("\\", "\\\\").replace("'", "''")
    return f"'{word}'{':*' if term.prefix else ''}"
