"""Request figures: what web processes counted is added up, made coarser with age, and forgotten in the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from deployer.latency import BOUNDS_MS, CLASSES
from deployer.models import Endpoint, RequestFigures

MINUTE, QUARTER, HOUR, DAY = 60, 900, 3600, 86_400
# From what span to what span, once that old: an hour is shown by minutes, two days by quarters of an hour.
COARSER = ((MINUTE, QUARTER, 2 * HOUR), (QUARTER, HOUR, 2 * DAY))
KEPT_SECONDS = 90 * DAY
ROWS_AT_ONCE = 2000
LATENCY_COLUMNS = (*(f"ms_{bound}" for bound in BOUNDS_MS), "ms_more")
COUNT_COLUMNS = ("requests", "refused", "failed", *LATENCY_COLUMNS)


@dataclass(slots=True, kw_only=True)
class Counts:
    """Requests of one span. `latencies` counts them by `deployer.latency` class."""

    requests: int = 0
    refused: int = 0
    failed: int = 0
    latencies: list[int] = field(default_factory=lambda: [0] * CLASSES)

    def add(self, other: Counts) -> None:
        """Add up, in place."""
        self.requests += other.requests
        self.refused += other.refused
        self.failed += other.failed
        for number, count in enumerate(other.latencies):
            self.latencies[number] += count

    def columns(self) -> tuple[int, ...]:
        """The values in the order of `COUNT_COLUMNS`."""
        return (self.requests, self.refused, self.failed, *self.latencies)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Which requests: endpoint, version (0 where none answered), and the beginning of the minute in epoch seconds."""

    endpoint: str
    version_number: int
    at: int


def add_figures(*, counted: Mapping[Span, Counts]) -> None:
    """Add what one process counted, all or nothing. Endpoints that do not exist are left out."""
    names = {span.endpoint for span in counted}
    known = dict(Endpoint.objects.filter(name__in=names).values_list("name", "pk"))
    rows = [
        (known[span.endpoint], span.at, MINUTE, span.version_number, *counts.columns())
        for span, counts in counted.items()
        if span.endpoint in known
    ]
    _add(rows)


def roll_up_figures(*, now: float) -> tuple[int, ...]:
    """Add old minutes up to quarters, old quarters to hours, and drop what is too old; a bounded number at a time.

    A step of the sweep, safe to repeat; makes no work due. `now` is in epoch seconds.
    """
    for fine, coarse, age in COARSER:
        with transaction.atomic():
            old = RequestFigures.objects.filter(at__lt=int(now) - age, seconds=fine)
            rows = list(old.select_for_update().order_by("at")[:ROWS_AT_ONCE])
            sums: dict[tuple[int, int, int, int], list[int]] = {}
            for row in rows:
                key = (row.endpoint_id, row.at - row.at % coarse, coarse, row.version_number)
                sums[key] = [
                    before + getattr(row, name)
                    for before, name in zip(sums.get(key, [0] * len(COUNT_COLUMNS)), COUNT_COLUMNS, strict=True)
                ]
            _add([(*key, *counts) for key, counts in sums.items()])
            RequestFigures.objects.filter(pk__in=[row.pk for row in rows]).delete()
    ancient = RequestFigures.objects.filter(at__lt=int(now) - KEPT_SECONDS, seconds=HOUR).order_by("at")
    RequestFigures.objects.filter(pk__in=list(ancient.values_list("pk", flat=True)[:ROWS_AT_ONCE])).delete()
    return ()


def _add(rows: Iterable[Sequence[int]]) -> None:
    """One upsert per row that adds to what is there: Django's own replaces. Sorted, so that no two wait in a ring."""
    in_order = sorted(tuple(row) for row in rows)
    if in_order:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_UPSERT, in_order)


_TABLE = RequestFigures._meta.db_table  # noqa: SLF001  # Django's documented name
_KEYS = ("endpoint_id", "at", "seconds", "version_number")
_COLUMNS = (*_KEYS, *COUNT_COLUMNS)
# Every name in it is one of ours above; what is counted goes in as parameters.
_UPSERT = (
    f"INSERT INTO {_TABLE} ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))}) "  # noqa: S608  # as said
    f"ON CONFLICT ({', '.join(_KEYS)}) DO UPDATE SET "
    + ", ".join(f"{name} = {_TABLE}.{name} + excluded.{name}" for name in COUNT_COLUMNS)
)
