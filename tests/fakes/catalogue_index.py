"""The catalogue's index in a dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q

from registry.interfaces import IndexTerm


class InMemoryCatalogueIndex:
    """`registry.interfaces.CatalogueIndex` by looking at every entry."""

    def __init__(self) -> None:
        self._words: dict[int, set[str]] = {}

    def put(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        self._words |= {entry_id: set(words) for entry_id, words in rows}

    def remove(self, entry_ids: Iterable[int]) -> None:
        for entry_id in entry_ids:
            self._words.pop(entry_id, None)

    def clear(self) -> None:
        self._words.clear()

    def newest(self, terms: Sequence[IndexTerm], *, limit: int) -> list[int]:
        return sorted(self.matching(terms), reverse=True)[:limit]

    def nearly(self, terms: Sequence[IndexTerm], choices: Sequence[IndexTerm], *, limit: int) -> list[int]:
        near = [entry_id for entry_id in self.matching(terms) if self._missed(entry_id, choices) == 1]
        return sorted(near, reverse=True)[:limit]

    def condition(self, terms: Sequence[IndexTerm]) -> Q:
        return Q(pk__in=self.matching(terms))

    def _missed(self, entry_id: int, choices: Sequence[IndexTerm]) -> int:
        return sum(not _has(self._words[entry_id], choice) for choice in choices)

    def matching(self, terms: Sequence[IndexTerm]) -> list[int]:
        return [entry_id for entry_id, words in self._words.items() if all(_has(words, term) for term in terms)]


def _has(words: set[str], term: IndexTerm) -> bool:
    return term.word in words or (term.prefix and any(word.startswith(term.word) for word in words))
