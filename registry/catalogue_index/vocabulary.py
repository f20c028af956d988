"""The words that entries have, by how they begin: an index reads on in a few words, while it collects a beginning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from registry.interfaces import IndexTerm

MOST_NAMED = 32
_END = "\U0010ffff"
_ADD_SQLITE = "INSERT OR IGNORE INTO registry_catalogue_vocabulary (word, covered) VALUES (%s, %s)"
_ADD_POSTGRES = (
    "INSERT INTO registry_catalogue_vocabulary (word, covered)"
    " SELECT DISTINCT word, covered FROM unnest(%s::text[], %s::smallint[]) AS one (word, covered)"
    " WHERE NOT EXISTS (SELECT FROM registry_catalogue_vocabulary AS had"
    " WHERE had.covered = one.covered AND had.word = one.word)"
)
# In a subquery, as SQLite takes no limit within a union.
_BEGUN = (
    "SELECT * FROM (SELECT {place}, word FROM registry_catalogue_vocabulary"
    " WHERE covered IN ({covered}) AND word >= %s AND word < %s LIMIT {limit}) AS begun{place}"
)


def add_words(entries: Iterable[Sequence[str]]) -> None:
    """Add the words of entries. Words that no entry has any more stay, as they find nothing."""
    added = sorted({pair for words in entries for pair in _covered(words)})
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_ADD_POSTGRES, [[word for word, _ in added], [covered for _, covered in added]])
        else:
            cursor.executemany(_ADD_SQLITE, added)


class Vocabulary:
    """What a page's terms stand for. Asks for each beginning once."""

    def __init__(self) -> None:
        self._begun: dict[str, list[IndexTerm]] = {}

    def meant(self, terms: Sequence[IndexTerm]) -> list[list[IndexTerm]]:
        """Per term what an entry may have for it: for a beginning, the words that begin so where they are few."""
        self._look_up([term.word for term in terms if term.prefix and term.word not in self._begun])
        return [self._begun[term.word] if term.prefix else [term] for term in terms]

    def _look_up(self, beginnings: Sequence[str]) -> None:
        if not beginnings:
            return
        parts = [
            _BEGUN.format(place=place, covered=",".join(map(str, range(len(begun)))), limit=MOST_NAMED + 1)
            for place, begun in enumerate(beginnings)
        ]
        ends = [end for begun in beginnings for end in (begun, begun + _END)]
        words: dict[str, list[str]] = {begun: [] for begun in beginnings}
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), ends)
            for place, word in cursor.fetchall():
                words[beginnings[place]].append(word)
        for begun, found in words.items():
            named = [IndexTerm(word=word) for word in dict.fromkeys(found)] or [IndexTerm(word=begun)]
            self._begun[begun] = named if len(found) <= MOST_NAMED else [IndexTerm(word=begun, prefix=True)]


def _covered(words: Sequence[str]) -> Iterable[tuple[str, int]]:
    """Each word of an entry, and how much of it another of its words is: of `editrisk` beside `edit`, 4 characters.

    Whoever asks for no more than that finds the entry by the shorter word, so that `edit` stands for all joined names.
    """
    shorter: list[str] = []
    for word in sorted(set(words)):
        while shorter and not word.startswith(shorter[-1]):
            shorter.pop()
        yield word, len(shorter[-1]) if shorter else 0
        shorter.append(word)
