"""The catalogue's index in SQLite: an FTS5 table without positions, since only whole words and beginnings are asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models.expressions import RawSQL

from registry.interfaces import IndexTerm

# Words come cut and folded already; only spaces part them, so that `task:ranking` stays whole.
CREATE = (
    "CREATE VIRTUAL TABLE registry_catalogue_search USING fts5("
    "words, detail=none, columnsize=0, prefix='2 3', "
    "tokenize = \"unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'\")"
)
_IDS = "SELECT rowid FROM registry_catalogue_search WHERE registry_catalogue_search MATCH %s"


class SqliteCatalogueIndex:
    """`registry.interfaces.CatalogueIndex` over FTS5."""

    def put(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Store the words of entries, in place of those that they had."""
        given = [(entry_id, " ".join(words)) for entry_id, words in rows]
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
        with connection.cursor() as cursor:
            cursor.execute(f"{_IDS} ORDER BY rowid DESC LIMIT %s", [_query(terms), limit])
            return [row[0] for row in cursor.fetchall()]

    def matching(self, terms: Sequence[IndexTerm]) -> RawSQL:
        """A subquery of the ids."""
        return RawSQL(_IDS, [_query(terms)])  # noqa: S611  # constant text; the words are a parameter


def _query(terms: Sequence[IndexTerm]) -> str:
    """Every term quoted, so that no word of a person is read as an operator."""
    quoted = ((term.word.replace('"', '""'), "*" if term.prefix else "") for term in terms)
    return " AND ".join(f'"{word}"{star}' for word, star in quoted)
