"""What has all terms but one, as a search expression. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operators:
    """How a database's search writes "both", "either" and "the first without the second"."""

    both: str
    either: str
    without: str


def all_but_one(terms: Sequence[str], by: Operators) -> str:
    """An expression for what misses exactly one of at least two terms, which are quoted.

    Either one is missed in the first half and the second is whole, or the other way round: of five terms that names
    fewer than one way per missed term, and to open each list of entries is what takes long.
    """
    middle = len(terms) // 2
    first, second = terms[:middle], terms[middle:]
    return f"({_missing(first, second, by)}{by.either}{_missing(second, first, by)})"


def _missing(one_of: Sequence[str], present: Sequence[str], by: Operators) -> str:
    whole = f"({by.both.join(present)})"
    missing = f"{by.without}{one_of[0]}" if len(one_of) == 1 else f"{by.both}{all_but_one(one_of, by)}"
    return f"({whole}{missing})"
