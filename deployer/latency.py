"""Latencies as counts in fixed classes, which add up over processes, minutes and endpoints, unlike percentiles."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

BOUNDS_MS = (1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10_000, 30_000)
"""Upper bounds, inclusive; one more class holds what took longer."""

CLASSES = len(BOUNDS_MS) + 1


def class_of(milliseconds: float) -> int:
    """The class that a latency falls into, from 0."""
    return bisect_left(BOUNDS_MS, milliseconds)


def quantile_ms(counts: Sequence[int], share: float) -> float | None:
    """The latency that `share` (0 to 1) of the requests did not exceed, in ms; None without requests.

    Within a class the requests count as evenly spread. What took longer than the last bound is given as that bound.
    """
    total = sum(counts)
    if not total:
        return None
    wanted, passed = share * total, 0
    for number, count in enumerate(counts[: len(BOUNDS_MS)]):
        if count and passed + count >= wanted:
            low = BOUNDS_MS[number - 1] if number else 0
            return low + (BOUNDS_MS[number] - low) * max(wanted - passed, 0) / count
        passed += count
    return float(BOUNDS_MS[-1])
