"""The catalogue's index in PostgreSQL: a tsvector of our own words under GIN; needs no extension and no dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models.expressions import RawSQL

from registry.interfaces import IndexTerm

CREATE = (
    "CREATE TABLE registry_catalogue_search (rowid bigint PRIMARY KEY, words tsvector NOT NULL)",
    "CREATE INDEX registry_catalogue_search_words ON registry_catalogue_search USING gin (words)",
)
_IDS = "SELECT rowid FROM registry_catalogue_search WHERE words @@ %s::tsquery"
_PUT = (
    "INSERT INTO registry_catalogue_search (rowid, words) VALUES (%s, array_to_tsvector(%s::text[])) "
    "ON CONFLICT (rowid) DO UPDATE SET words = excluded.words"
)


class PostgresCatalogueIndex:
    """`registry.interfaces.CatalogueIndex` over tsvector."""

    def put(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Store the words of entries, in place of those that they had."""
        with connection.cursor() as cursor:
            cursor.executemany(_PUT, [(entry_id, list(words)) for entry_id, words in rows])

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
        with connection.cursor() as cursor:
            cursor.execute(f"{_IDS} ORDER BY rowid DESC LIMIT %s", [_query(terms), limit])
            return [row[0] for row in cursor.fetchall()]

    def matching(self, terms: Sequence[IndexTerm]) -> RawSQL:
        """A subquery of the ids."""
        return RawSQL(_IDS, [_query(terms)])  # noqa: S611  # constant text; the words are a parameter


def _query(terms: Sequence[IndexTerm]) -> str:
    """Every term quoted, so that no word of a person is read as an operator."""
    escaped = ((term.word.replace("\\", "\\\\").replace("'", "''"), ":*" if term.prefix else "") for term in terms)
    return " & ".join(f"'{word}'{star}" for word, star in escaped)
