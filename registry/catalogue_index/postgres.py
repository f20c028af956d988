"""The catalogue's index in PostgreSQL: a tsvector of our own words under GIN; needs no extension and no dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from registry.interfaces import IndexTerm

CREATE = (
    "CREATE TABLE registry_catalogue_search (rowid bigint PRIMARY KEY, words tsvector NOT NULL)",
    "CREATE INDEX registry_catalogue_search_words ON registry_catalogue_search USING gin (words)",
)
_IDS = "SELECT rowid FROM registry_catalogue_search WHERE words @@ %s::tsquery"
_PUT = (
    "INSERT INTO registry_catalogue_search (rowid, words) "
    "SELECT id, array_to_tsvector(string_to_array(words, ' ')) FROM unnest(%s::bigint[], %s::text[]) AS one (id, words)"
    " ON CONFLICT (rowid) DO UPDATE SET words = excluded.words"
)


class PostgresCatalogueIndex:
    """`registry.interfaces.CatalogueIndex` over tsvector."""

    def put(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Store the words of entries, in place of those that they had."""
        texts = {entry_id: " ".join(words) for entry_id, words in rows}
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
        return _newest(_query(terms), limit)

    def nearly(self, terms: Sequence[IndexTerm], choices: Sequence[IndexTerm], *, limit: int) -> list[int]:
        """Such ids of entries that have all terms and all choices but one."""
        ways = (
            " & ".join([*(_quoted(other) for other in choices if other is not missed), f"!{_quoted(missed)}"])
            for missed in choices
        )
        either = f"({' | '.join(f'({way})' for way in ways)})"
        return _newest(f"{_query(terms)} & {either}" if terms else either, limit)

    def matching(self, terms: Sequence[IndexTerm]) -> RawSQL:
        """A subquery of the ids."""
        return RawSQL(_IDS, [_query(terms)])  # noqa: S611  # constant text; the words are a parameter

    def condition(self, terms: Sequence[IndexTerm]) -> Q:
        """PostgreSQL knows how common a word is, and so whether to sort or to read on."""
        return Q(pk__in=self.matching(terms))


def _newest(query: str, limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_IDS} ORDER BY rowid DESC LIMIT %s", [query, limit])
        return [row[0] for row in cursor.fetchall()]


def _query(terms: Sequence[IndexTerm]) -> str:
    """Every term quoted, so that no word of a person is read as an operator."""
    return " & ".join(map(_quoted, terms))


def _quoted(term: IndexTerm) -> str:
    word = term.word.replace("\\", "\\\\").replace("'", "''")
    return f"'{word}'{':*' if term.prefix else ''}"
